/** The part of the message catalogue that belongs to the room(s) of "data". See ../diagnostics.ts. */
export const dataMessages = {
} as const;
