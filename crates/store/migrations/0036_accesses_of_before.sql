-- Who is told all that is kept about them is also told the accesses of before migration 35, which have no keyed hash of
-- their actor: they are gone through in the order of their ids (requirements E6, E7).
CREATE INDEX access_events_without_whose ON access_events (id) WHERE whose IS NULL;
