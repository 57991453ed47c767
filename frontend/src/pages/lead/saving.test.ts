import { expect, test } from "vitest";
import { csvOf, fileName } from "./saving";

test("cells with commas, quotes and line ends are quoted", () => {
  expect(
    csvOf([
      ["name", 'a "b"', "x,y"],
      ["two\nlines", 1.5, null],
    ]),
  ).toBe('name,"a ""b""","x,y"\r\n"two\nlines",1.5,\r\n');
});

test("what a table program would take for a formula is text, but numbers stay numbers", () => {
  expect(csvOf([["=1+1", "@me", "-x", "+y", -2, "plain"]])).toBe("'=1+1,'@me,'-x,'+y,-2,plain\r\n");
});

test("a file is named after campaign and question", () => {
  expect(fileName("north", "Which classes do we have?", "csv")).toBe(
    "north-which-classes-do-we-have.csv",
  );
});
