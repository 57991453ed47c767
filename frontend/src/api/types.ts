import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Campaign = Schemas["Campaign"];
export type LabelClass = Schemas["LabelClass"];
export type Composite = Schemas["Composite"];
export type Task = Schemas["Task"];
export type TaskStatus = Schemas["TaskStatus"];
export type Tile = Schemas["Tile"];
export type Annotation = Schemas["Annotation"];
export type Progress = Schemas["Progress"];
export type Round = Schemas["Round"];
export type RunningRound = Schemas["RunningRound"];
export type BatchTile = Schemas["BatchTile"];
export type Person = Schemas["Person"];
export type ClassCount = Schemas["ClassCount"];
export type Model = Schemas["Model"];
export type ModelPage = Schemas["ModelPage"];
export type CvatStatus = Schemas["CvatStatus"];
export type CvatLinked = Schemas["CvatLinked"];
export type CvatHeld = Schemas["Held"];
export type CvatHeldPage = Schemas["HeldPage"];
export type ClassVerdict = Schemas["PromotionClass"];
