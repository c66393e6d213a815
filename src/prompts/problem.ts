/** A line and a column of a prompt's file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export const top: Place = { line: 1, column: 1 };

/** What is wrong with a prompt's file, told without quoting it. */
export class PromptProblem extends Error {
  override readonly name = "PromptProblem";
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}
