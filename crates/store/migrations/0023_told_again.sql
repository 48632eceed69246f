-- When somebody who asked again was told this record: from then on no other takes its place.
ALTER TABLE interactions ADD COLUMN told_again_at BIGINT;
