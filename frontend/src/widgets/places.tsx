import { cataloguePath, controlsPath, leadPath, mapPath, qualityPath, reviewPath } from "../route";

const PLACES = [
  { page: "lead", name: "Lead page", path: leadPath, leads: true },
  { page: "map", name: "Map", path: mapPath, leads: false },
  { page: "catalogue", name: "Catalogue", path: cataloguePath, leads: false },
  { page: "quality", name: "Quality", path: qualityPath, leads: false },
  { page: "review", name: "Review", path: reviewPath, leads: false },
  { page: "controls", name: "Controls", path: controlsPath, leads: true },
] as const;

interface PlacesProps {
  slug: string;
  here: (typeof PLACES)[number]["page"];
  /** Their role there. */
  who: string | undefined;
}

/** The pages of those who oversee a campaign, in the bar of each of them. */
export function Places({ slug, here, who }: PlacesProps) {
  const mine = PLACES.filter(({ leads }) => !leads || who === "lead");
  return (
    <nav class="places" aria-label="Pages of the campaign">
      {mine.map(({ page, name, path }) => (
        <a
          key={page}
          class="button quiet"
          href={path(slug)}
          {...(page === here ? { "aria-current": "page" as const } : {})}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
