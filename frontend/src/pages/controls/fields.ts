import type { Setting } from "../../api/controls";

/** A setting as it is typed, and what the typed text says. */

export type Read = { value: unknown } | { wrong: string };

/** "queue.lease_minutes" → "lease minutes" */
export function nameOf({ name }: Pick<Setting, "name">): string {
  return name.slice(name.lastIndexOf(".") + 1).replaceAll("_", " ");
}

/** A value as it stands in its field. */
export function typed(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, share]) => `${name}: ${share}`)
      .join(", ");
  }
  return String(value);
}

/** What the text says; empty: back to the default, of lists an empty one. */
export function read(setting: Setting, text: string): Read {
  const clean = text.trim();
  const reader = READERS[setting.kind];
  if (!reader) return { wrong: `nobody here knows settings of kind ${setting.kind}` };
  if (!clean && !LISTS.has(setting.kind)) return { value: null };
  return reader(clean, setting);
}

const LISTS = new Set(["codes", "months", "names", "by_class", "text"]);

const READERS: Record<string, (text: string, setting: Setting) => Read> = {
  number: (text, setting) => number(text, setting, false),
  whole: (text, setting) => number(text, setting, true),
  choice: (text) => ({ value: text }),
  text: (text) => ({ value: text }),
  date: (text) => ({ value: text }),
  flag: (text) => ({ value: text === "true" }),
  names: (text) => ({ value: parts(text) }),
  numbers: (text, setting) => numbers(text, setting, false),
  codes: (text, setting) => numbers(text, setting, true),
  months: (text, setting) => numbers(text, setting, true),
  by_class: byClass,
};

const parts = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);

function number(text: string, { low, high }: Setting, whole: boolean): Read {
  const value = Number(text);
  const fits = text !== "" && Number.isFinite(value) && (!whole || Number.isInteger(value));
  if (!fits || (low !== null && value < low) || (high !== null && value > high)) {
    return { wrong: `a ${whole ? "whole " : ""}number from ${low} to ${high}` };
  }
  return { value };
}

function numbers(text: string, setting: Setting, whole: boolean): Read {
  const found = parts(text).map((part) => number(part, setting, whole));
  const wrong = found.find((each) => "wrong" in each);
  if (wrong)
    return { wrong: `numbers with commas between, each ${(wrong as { wrong: string }).wrong}` };
  return { value: found.map((each) => (each as { value: unknown }).value) };
}

function byClass(text: string, setting: Setting): Read {
  const shares: Record<string, unknown> = {};
  for (const part of parts(text)) {
    const at = part.lastIndexOf(":");
    const found = number(part.slice(at + 1).trim(), setting, false);
    if (at < 1 || "wrong" in found) {
      return {
        wrong: `a class and a number from ${setting.low} to ${setting.high}, as shadow: 0.05`,
      };
    }
    shares[part.slice(0, at).trim()] = found.value;
  }
  return { value: shares };
}

/** Whether two values of a setting are the same; null stands for the default. */
export function same(setting: Setting, a: unknown, b: unknown): boolean {
  const whole = (value: unknown) => JSON.stringify(value ?? setting.default);
  return whole(a) === whole(b);
}
