/** The part of the message catalogue that belongs to the room(s) of "map". See ../diagnostics.ts. */
export const mapMessages = {
} as const;
