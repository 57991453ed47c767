import { minePath } from "../../route";
import { Card } from "../../widgets/card";
import { duration } from "../../words";
import { chosen, day, trouble } from "./day";

/** Today's count and time. */
export function TodayPanel() {
  const slug = chosen.value!.campaign.slug;
  const now = day.value;
  const reviews = chosen.value!.role !== "annotator";
  return (
    <Card title="Today" note={<a href={minePath(slug)}>All of my work</a>}>
      {trouble.value && (
        <p class="warn" role="alert">
          {trouble.value.message} {trouble.value.help}
        </p>
      )}
      <dl class="figures" aria-busy={!now}>
        <div>
          <dt>labels handed in</dt>
          <dd>{now?.labels ?? "–"}</dd>
        </div>
        {reviews && (
          <div>
            <dt>reviews</dt>
            <dd>{now?.reviews ?? "–"}</dd>
          </div>
        )}
        <div>
          <dt>worked, without pauses</dt>
          <dd>{now ? duration(now.active_seconds) : "–"}</dd>
        </div>
      </dl>
    </Card>
  );
}
