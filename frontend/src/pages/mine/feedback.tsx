import { paletteFor, shadesOf } from "../../compare/painting";
import { Button } from "../../widgets/button";
import { Card, Empty } from "../../widgets/card";
import { SaidList } from "../../widgets/saidlist";
import { campaign, more, said } from "./desk";

/** All that reviewers said. */
export function FeedbackPanel({ slug }: { slug: string }) {
  const shades = shadesOf(campaign.value!.schema.classes);
  return (
    <Card title="What did reviewers say?" span="full">
      {said.value?.results.length === 0 && <Empty>No label of yours has been reviewed yet.</Empty>}
      {said.value && <SaidList page={said.value} shades={shades} palette={paletteFor(shades)} />}
      {said.value?.cursor && <Button onClick={() => void more(slug)}>Earlier ones</Button>}
    </Card>
  );
}
