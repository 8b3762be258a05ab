/** The part of the message catalogue that belongs to the room(s) of "program". See ../diagnostics.ts. */
export const programMessages = {
} as const;
