import { useEffect, useState } from "preact/hooks";
import {
  cancelExport,
  type Export,
  exportFiles,
  fetchExports,
  startExport,
} from "../../api/controls";
import { Ask } from "../../widgets/ask";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { counted, grouped } from "../../words";
import { busy, said, trying } from "./desk";

const FORMATS = ["geotiff", "png", "coco", "stac"];
const PACE = 2000;
const LIVE = ["waiting", "running"];

/** A snapshot as files, written by a worker. */
export function ExportsCard({ hash }: { hash: string }) {
  const [exports, setExports] = useState<Export[] | null>(null);
  const [format, setFormat] = useState(FORMATS[0]);
  const renew = async () => setExports((await fetchExports(hash)).results);
  const live = exports?.some(({ state }) => LIVE.includes(state)) ?? false;
  useEffect(() => void trying(renew), []);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => renew().catch(() => undefined), PACE);
    return () => clearInterval(timer);
  }, [live]);
  const start = () =>
    void trying(async () => {
      await startExport(hash, format);
      await renew();
      said.value = "A worker writes it; the same again gives the export there is.";
    });
  const cancel = (id: string) =>
    void trying(async () => {
      await cancelExport(id);
      await renew();
    });
  return (
    <Card title={`Exports of ${hash.slice(0, 12)}`} span="full">
      {exports?.length === 0 && <Empty>It was never exported.</Empty>}
      <ul class="jobs">
        {exports?.map((each) => (
          <li key={each.id}>
            <strong>{each.format}</strong> <span class={`state ${each.state}`}>{each.state}</span>{" "}
            <span class="grow">
              {LIVE.includes(each.state) && (
                <progress class="meter" max={each.total || 1} value={each.done}>
                  {grouped(each.done)} of {grouped(each.total)}
                </progress>
              )}
              {each.folder && (
                <>
                  in storage at <code>{each.folder}</code>, {counted(each.files, "file")},{" "}
                  {megabytes(each.bytes)}
                </>
              )}
              {each.error}
            </span>
            {each.folder && (
              <a class="button" href={exportFiles(each.id)} download>
                Download
              </a>
            )}
            {LIVE.includes(each.state) && (
              <Ask
                label="Stop"
                question="What was written of it is removed. Stop?"
                act={() => cancel(each.id)}
              />
            )}
          </li>
        ))}
      </ul>
      <div class="start">
        <label>
          Format
          <select value={format} onChange={({ currentTarget }) => setFormat(currentTarget.value)}>
            {FORMATS.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <Button look="main" disabled={busy.value} onClick={start}>
          Export
        </Button>
      </div>
    </Card>
  );
}

export const megabytes = (bytes: number) =>
  bytes < 1e6 ? `${grouped(Math.ceil(bytes / 1000))} kB` : `${grouped(bytes / 1e6)} MB`;
