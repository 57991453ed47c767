import { useState } from "preact/hooks";
import { fetchVersions, type LabelVersion, revertTo } from "../../api/catalogue";
import { type Problem, problemOfThrown } from "../../api/problems";
import { Ask } from "../../widgets/ask";
import { useAnswer } from "../../widgets/asked";
import { moment, percent } from "../../words";
import { campaign } from "./desk";

interface VersionsProps {
  tile: string;
  /** The label is another one now. */
  changed: () => void;
}

/** All versions of a tile's label, the newest first; a lead goes back to one. */
export function Versions({ tile, changed }: VersionsProps) {
  const { slug, role } = campaign.value!;
  const { value: found, problem, again } = useAnswer(() => fetchVersions(tile, slug), [tile]);
  const [refused, setRefused] = useState<Problem | null>(null);
  const revert = async (version: LabelVersion) => {
    setRefused(null);
    try {
      await revertTo(version.id);
      again();
      changed();
    } catch (error) {
      setRefused(problemOfThrown(error));
    }
  };
  const trouble = refused ?? problem;
  if (!found?.length) return trouble ? <Told problem={trouble} /> : null;
  return (
    <details class="versions">
      <summary>Versions of its label: {found.length}</summary>
      {trouble && <Told problem={trouble} />}
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">when</th>
            <th scope="col">by</th>
            <th scope="col">with</th>
            <th scope="col">labelled</th>
            <th scope="col">
              <span class="unseen">acts</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((version, k) => (
            <tr key={version.id}>
              <th scope="row">
                {version.n} <span class="faint">{version.sha256.slice(0, 8)}</span>
              </th>
              <td>{moment(version.created)}</td>
              <td>{version.author || version.source}</td>
              <td>{version.tool}</td>
              <td>{percent(version.labelled_share)}</td>
              <td>
                {role === "lead" && k > 0 && (
                  <Ask
                    label="Go back to it"
                    question={`A new version with the pixels of version ${version.n} has the say from now on; all versions stay. Go back?`}
                    act={() => void revert(version)}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const Told = ({ problem: { message, help } }: { problem: Problem }) => (
  <p class="warn" role="alert">
    {message} {help}
  </p>
);
