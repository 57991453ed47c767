import fc from "fast-check";
import { expect, test } from "vitest";
import { FILTERS, queryOf, searchOf } from "./filters";

const names = FILTERS.flatMap(({ filters }) => filters.map(({ name }) => name));
const query = fc.dictionary(fc.constantFrom(...names, "sort"), fc.string({ minLength: 1 }));

test("an address asks again for what it was made of", () => {
  fc.assert(
    fc.property(query, (wanted) => {
      expect(queryOf(searchOf(wanted))).toEqual({ ...wanted });
    }),
  );
});

test("what is no filter is left out of the question", () => {
  expect(queryOf("?state=open&next=%2Fadmin&lane=")).toEqual({ state: "open" });
  expect(searchOf({})).toBe("");
});
