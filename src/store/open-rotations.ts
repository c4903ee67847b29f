// Whether a credential rotation has something left to do.

/** SQL of a condition: a rotation runs, or has ended and has an item under way. It reads one small index. */
export const isSomethingOpen = 'EXISTS (SELECT FROM credential_rotations WHERE is_open)'
