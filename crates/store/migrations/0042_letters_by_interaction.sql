-- A purge under a legal hold asks for each old access event whether a dead letter is of its interaction.
CREATE INDEX dead_letters_by_interaction ON dead_letters (interaction);
