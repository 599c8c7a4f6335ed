/** Fields of the recorded answers that the model cannot have, with the reasons. */
export const LEFT_OUT: Readonly<Record<string, string>> = {};
