import { computed, signal } from "@preact/signals";
import { fetchCampaign } from "../../api/calls";
import {
  type Change,
  changeSettings,
  fetchSettings,
  type Setting,
  type Settings,
} from "../../api/controls";
import { type Problem, problemOfThrown, Refused } from "../../api/problems";
import type { Campaign } from "../../api/types";
import { counted } from "../../words";
import { read, same, typed } from "./fields";

export const campaign = signal<Campaign | null>(null);
export const settings = signal<Settings | null>(null);
/** What is typed and not saved yet: {setting: text}. */
export const edits = signal<Record<string, string>>({});
/** Likewise of the schedule: it stays while other sections are looked at. */
export const scheduleEdits = signal<Record<string, string>>({});
/** The setting that somebody else changed meanwhile. */
export const conflict = signal("");
/** Why the page as a whole can't be shown. */
export const problem = signal<Problem | null>(null);
/** What a button was refused. */
export const trouble = signal<Problem | null>(null);
export const said = signal("");
export const busy = signal(false);

export async function open(slug: string): Promise<void> {
  problem.value = null;
  try {
    campaign.value = await fetchCampaign(slug);
    settings.value = await fetchSettings(slug);
  } catch (error) {
    problem.value = problemOfThrown(error);
  }
}

export const settingNamed = (name: string): Setting | undefined =>
  settings.value?.settings.find((each) => each.name === name);

/** What stands in the field: what was typed, or else the value in force. */
export const textOf = (setting: Setting): string =>
  edits.value[setting.name] ?? typed(setting.value);

export function edit(setting: Setting, text: string): void {
  const { [setting.name]: _, ...others } = edits.value;
  const found = read(setting, text);
  const unchanged = "value" in found && same(setting, found.value, setting.value);
  edits.value = unchanged ? others : { ...others, [setting.name]: text };
  said.value = "";
}

/** What would be saved; a text that makes no sense is `wrong`. */
export const pending = computed(() => {
  const changes: Change[] = [];
  const wrong: Record<string, string> = {};
  for (const [name, text] of Object.entries(edits.value)) {
    const setting = settingNamed(name);
    if (!setting) continue;
    const found = read(setting, text);
    if ("wrong" in found) wrong[name] = found.wrong;
    else changes.push({ name, was: setting.value, value: found.value });
  }
  return { changes, wrong };
});

/** All or nothing. After a conflict what is typed stays, beside what the other lead set. */
export async function save(): Promise<void> {
  const { slug } = campaign.value!;
  const { changes } = pending.value;
  const sent = edits.value;
  conflict.value = "";
  await trying(async () => {
    try {
      settings.value = await changeSettings(slug, changes);
    } catch (error) {
      if (error instanceof Refused && error.status === 409) {
        conflict.value = error.field;
        settings.value = await fetchSettings(slug);
      }
      throw error;
    }
    edits.value = typedSince(sent, edits.value);
    said.value = `${counted(changes.length, "setting")} saved.`;
  });
}

/** What was typed while `sent` was on its way: it isn't saved yet. */
export const typedSince = (sent: Record<string, string>, now: Record<string, string>) =>
  Object.fromEntries(Object.entries(now).filter(([name, text]) => sent[name] !== text));

export function undo(): void {
  edits.value = {};
  conflict.value = "";
  trouble.value = null;
}

/** Do it, and show what was refused; whether it went well. */
export async function trying(act: () => Promise<void>): Promise<boolean> {
  trouble.value = null;
  said.value = "";
  busy.value = true;
  try {
    await act();
  } catch (error) {
    trouble.value = problemOfThrown(error);
  }
  busy.value = false;
  return trouble.value === null;
}
