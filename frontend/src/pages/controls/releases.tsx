import { useEffect, useState } from "preact/hooks";
import {
  fetchRelease,
  fetchReleaseJob,
  fetchReleases,
  type Release,
  type ReleaseWithFiles,
  releaseFile,
  startRelease,
} from "../../api/controls";
import { Ask } from "../../widgets/ask";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { day } from "../../words";
import { busy, campaign, said, trying } from "./desk";
import { megabytes } from "./exports";
import { followed } from "./following";

/** Versions given away: labels, model, datasheet, licences; each made once, and taken from here. */
export function ReleasesCard({ snapshot }: { snapshot: string | null }) {
  const { slug } = campaign.value!;
  const [releases, setReleases] = useState<Release[] | null>(null);
  const [open, setOpen] = useState<ReleaseWithFiles | null>(null);
  const renew = async () => setReleases((await fetchReleases(slug)).results);
  useEffect(() => void trying(renew), [slug]);
  const show = (version: string) =>
    void trying(async () => {
      setOpen(await fetchRelease(slug, version));
    });
  return (
    <Card title="What was released?" span="full">
      {releases?.length === 0 && <Empty>Nothing yet.</Empty>}
      <ul class="jobs">
        {releases?.map(({ version, created, snapshot: from }) => (
          <li key={version}>
            <strong>{version}</strong> <span class="faint">{day(created)}</span>
            <span class="grow">
              of snapshot <code>{from.slice(0, 12)}</code>
            </span>
            <Button onClick={() => show(version)}>Files</Button>
          </li>
        ))}
      </ul>
      {open && (
        <ul class="files">
          {open.files.map(({ name, bytes }) => (
            <li key={name}>
              <a href={releaseFile(slug, open.version, name)} download={name.split("/").pop()}>
                {name}
              </a>{" "}
              <span class="faint">{megabytes(bytes)}</span>
            </li>
          ))}
        </ul>
      )}
      {snapshot ? (
        <Releasing snapshot={snapshot} renew={renew} />
      ) : (
        <p class="hint">Choose one snapshot above to release it.</p>
      )}
    </Card>
  );
}

function Releasing({ snapshot, renew }: { snapshot: string; renew: () => Promise<void> }) {
  const { slug } = campaign.value!;
  const [version, setVersion] = useState("");
  const [licence, setLicence] = useState("CC-BY-4.0");
  const start = () =>
    void trying(async () => {
      const { id } = await startRelease(slug, { version: version.trim(), snapshot, licence });
      await followed(
        () => fetchReleaseJob(slug, id),
        ({ state }) => {
          said.value = `Release ${version}: ${state} …`;
        },
      );
      await renew();
      said.value = `Release ${version} is made.`;
    });
  return (
    <div class="start">
      <label>
        Version
        <input value={version} onInput={({ currentTarget }) => setVersion(currentTarget.value)} />
      </label>
      <label>
        Licence of your labels
        <input
          class="long"
          value={licence}
          onInput={({ currentTarget }) => setLicence(currentTarget.value)}
        />
      </label>
      <Ask
        label="Release it"
        question={`A version is made once and never changed. Release ${version}?`}
        disabled={busy.value || !version.trim()}
        act={start}
      />
    </div>
  );
}
