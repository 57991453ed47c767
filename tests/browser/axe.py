"""What axe-core finds wrong with a page for those who use a keyboard or a screen reader."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, where: nodes.map((node) => node.target.join(" ")).slice(0, 5),
  }));
}"""


@lru_cache(maxsize=1)
def script() -> str:
    assert AXE.exists(), f"{AXE} is missing: run npm ci in frontend/."
    return AXE.read_text()


def grave_faults(page: Page) -> list[str]:
    """Serious and critical findings, one line each; empty: there are none."""
    page.evaluate(script())
    found = page.evaluate(RUN)
    return [
        f"{each['impact']}: {each['help']} ({each['id']}) at {'; '.join(each['where'])}"
        for each in found
        if each["impact"] in GRAVE
    ]
