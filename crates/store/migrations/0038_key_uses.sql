-- How keys, sessions and addresses are used, so that unusual use is known after a restart and to all replicas
-- (requirements A3, A8). Who is a keyed hash; what is kept is sealed. Where there is Redis it stands there instead.
CREATE TABLE key_uses (
    whom TEXT NOT NULL PRIMARY KEY CONSTRAINT key_uses_whom CHECK (length(whom) = 32),
    state TEXT NOT NULL CONSTRAINT key_uses_state CHECK (state <> ''),
    kept_until BIGINT NOT NULL
);
CREATE INDEX key_uses_by_end ON key_uses (kept_until);
