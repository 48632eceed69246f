-- Who was handed all that is kept about a person, and when (requirements E6, E7). The person is a keyed hash: what the
-- bank made of such a file is asked when the person is forgotten.
CREATE TABLE exports (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL CONSTRAINT exports_person CHECK (length(person) = 64),
    form TEXT NOT NULL CONSTRAINT exports_form CHECK (form IN ('json', 'html')),
    made_by TEXT NOT NULL CONSTRAINT exports_made_by CHECK (made_by <> ''),
    made_at BIGINT NOT NULL
);
CREATE INDEX exports_by_person ON exports (person, made_at);
-- So many of them a receipt names.
ALTER TABLE erasures ADD COLUMN exports BIGINT NOT NULL DEFAULT 0
    CONSTRAINT erasures_exports CHECK (exports >= 0);
-- Whose data an event is about is looked up by what it names, and whose event it is by a keyed hash of the name.
ALTER TABLE access_events ADD COLUMN whose TEXT;
CREATE INDEX access_events_by_whose ON access_events (whose) WHERE whose IS NOT NULL;
CREATE INDEX access_events_by_target ON access_events (target) WHERE target IS NOT NULL;
