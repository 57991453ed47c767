import { annotatePath } from "../../route";
import { Card, Empty } from "../../widgets/card";
import { SaidList } from "../../widgets/saidlist";
import { chosen, feedback, inHand, palette, shades } from "./day";

/** What reviewers said of one's labels, with the picture of what they changed. */
export function FeedbackPanel() {
  const told = feedback.value;
  const { slug } = chosen.value!.campaign;
  const open = told?.results.filter(({ rework }) => rework === "open").length ?? 0;
  return (
    <Card title="Feedback on my labels" note={open > 0 && `${open} to draw anew`}>
      {!told && <p class="faint">Loading …</p>}
      {told?.results.length === 0 && (
        <Empty>Nobody has reviewed a label of yours yet. What reviewers say will be here.</Empty>
      )}
      {open > 0 && (
        <p class="note warn">
          <span class="grow">
            A label came back: it is the next tile you get
            {inHand.value[slug] ? ", after the one in hand." : "."}
          </span>
          {!inHand.value[slug] && (
            <a class="button" href={annotatePath(slug)}>
              Rework it
            </a>
          )}
        </p>
      )}
      {told && <SaidList page={told} shades={shades.value} palette={palette.value} />}
    </Card>
  );
}
