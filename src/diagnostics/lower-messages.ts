/** The part of the message catalogue that belongs to the room(s) of "lower". See ../diagnostics.ts. */
export const lowerMessages = {
} as const;
