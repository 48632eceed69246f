-- Whoever purges keys of people asks for each whether a hold is on it.
CREATE INDEX legal_holds_by_data_key ON legal_holds (data_key) WHERE lifted_at IS NULL;
