/** The part of the message catalogue that belongs to the room(s) of "target". See ../diagnostics.ts. */
export const targetMessages = {
} as const;
