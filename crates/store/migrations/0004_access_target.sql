-- What a command changed. Events from before name it at the end of their route.
ALTER TABLE access_events ADD COLUMN target TEXT;
