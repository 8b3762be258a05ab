/** The part of the message catalogue that belongs to the room(s) of "run". See ../diagnostics.ts. */
export const runMessages = {
} as const;
