//! Who may do what: roles, permissions and the one table that joins them (A2).

crate::words! {
    /// What a caller is.
    Role as "role" {
        /// A customer of the bank.
        Customer => "customer",
        /// A member of staff.
        Banker => "banker",
        /// Leads bankers; may read their conversations.
        Supervisor => "supervisor",
        /// Reads everything that is evidence, changes nothing.
        Auditor => "auditor",
        /// Runs the system.
        Admin => "admin",
        /// A back end of the bank that asks on behalf of its customers or staff.
        Service => "service",
    }
}

crate::words! {
    /// One thing that can be allowed.
    Permission as "permission" {
        /// Ask the customer assistant.
        AskAsCustomer => "ask_as_customer",
        /// Ask the banker assistant.
        AskAsBanker => "ask_as_banker",
        /// Read interactions and conversations of others.
        ReadAllInteractions => "read_all_interactions",
        /// Say whether an answer was helpful, and report a problem.
        GiveFeedback => "feedback",
        /// See what stood where personal data was masked, for a purpose that goes on record.
        Unmask => "unmask",
        /// Read tickets.
        ReadTickets => "read_tickets",
        /// Take and close tickets.
        ChangeTickets => "change_tickets",
        /// Hand a ticket to somebody else.
        HandOverTickets => "hand_over_tickets",
        /// See the dashboard.
        ReadReports => "read_reports",
        /// Read documents of the customer collection.
        ReadCustomerKnowledge => "read_customer_knowledge",
        /// Read documents of the banker collection.
        ReadBankerKnowledge => "read_banker_knowledge",
        /// Add and remove documents.
        WriteKnowledge => "write_knowledge",
        /// Name subject and session in the body instead of the token.
        ActForSubject => "act_for_subject",
        /// Export and erase what is kept about the people whom one speaks for.
        ExportAndErase => "export_and_erase",
        /// Use the guard as a service.
        ScanText => "scan_text",
        /// Read and judge what the guard refused, flagged or kept back.
        ReviewGuard => "review_guard",
        /// See how the ledger stands, replay and drop dead letters.
        OperateLedger => "operate_ledger",
        /// Make and revoke API keys, see who is signed in and end sessions.
        ManageAccess => "manage_access",
        /// Read, forget and hold what is kept about any person.
        ManagePrivacy => "manage_privacy",
        /// Read, export and verify the audit log.
        ReadAudit => "read_audit",
    }
}

impl Role {
    /// The table. A mode limit on a key can only take away from it.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Role::Customer => &[AskAsCustomer, GiveFeedback, ReadCustomerKnowledge],
            Role::Banker => &[
                AskAsBanker,
                AskAsCustomer,
                GiveFeedback,
                ReadCustomerKnowledge,
                ReadBankerKnowledge,
                ReadTickets,
                ChangeTickets,
            ],
            Role::Supervisor => &[
                AskAsBanker,
                AskAsCustomer,
                GiveFeedback,
                ReadCustomerKnowledge,
                ReadBankerKnowledge,
                ReadTickets,
                ChangeTickets,
                HandOverTickets,
                ReadAllInteractions,
                ReadReports,
                ReviewGuard,
                // Whoever answers for bankers may have to know whom a case is about. An auditor proves and does not look.
                Unmask,
            ],
            Role::Auditor => &[
                ReadCustomerKnowledge,
                ReadBankerKnowledge,
                ReadTickets,
                ReadAllInteractions,
                ReadReports,
                ReadAudit,
            ],
            Role::Admin => Permission::ALL,
            Role::Service => &[
                AskAsCustomer,
                AskAsBanker,
                ReadCustomerKnowledge,
                ReadBankerKnowledge,
                GiveFeedback,
                ActForSubject,
                ExportAndErase,
                ScanText,
            ],
        }
    }

    /// Whether this role stands as high as `least`, the role that an intent asks for. A back end asks
    /// for customers and for bankers; an auditor asks nothing.
    #[must_use]
    pub const fn reaches(self, least: Role) -> bool {
        const fn rank(role: Role) -> u8 {
            match role {
                Role::Auditor => 0,
                Role::Customer => 1,
                Role::Banker | Role::Service => 2,
                Role::Supervisor => 3,
                Role::Admin => 4,
            }
        }
        rank(self) >= rank(least)
    }

    /// Whether this role may see a document that is kept for `least` and those above. An auditor reads
    /// all that is evidence.
    #[must_use]
    pub const fn may_see(self, least: Role) -> bool {
        matches!(self, Role::Auditor) || self.reaches(least)
    }

    /// Whether the table allows it.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

/// Names of a few permissions that belong together.
const GROUPS: &[(&str, &[Permission])] = &[
    ("ask", &[Permission::AskAsCustomer, Permission::AskAsBanker]),
    ("knowledge", &[Permission::ReadCustomerKnowledge, Permission::ReadBankerKnowledge]),
    ("tickets", &[Permission::ReadTickets, Permission::ChangeTickets, Permission::HandOverTickets]),
];

/// What a key of this role may do that is narrowed to these scopes, each the word of a permission or of a group
/// (`ask`, `knowledge`, `tickets`); of a group what the role has of it. None where no scope is named: all of the role.
///
/// # Errors
/// The number of the first scope, from 0, that nobody knows or of which the role may do nothing.
pub fn narrowed<'a>(
    role: Role,
    scopes: impl IntoIterator<Item = &'a str>,
) -> Result<Option<Vec<Permission>>, usize> {
    let mut named: Option<Vec<Permission>> = None;
    for (at, word) in scopes.into_iter().enumerate() {
        let group = GROUPS.iter().find(|(name, _)| *name == word).map(|(_, all)| all.to_vec());
        let meant = group.or_else(|| word.parse().ok().map(|one| vec![one])).unwrap_or_default();
        let mut meant = meant.into_iter().filter(|permission| role.allows(*permission)).peekable();
        if meant.peek().is_none() {
            return Err(at);
        }
        named.get_or_insert_default().extend(meant);
    }
    Ok(named.map(|mut all| {
        all.sort_unstable();
        all.dedup();
        all
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_reach_nothing_of_the_staff() {
        for p in Permission::ALL {
            let customer_may = matches!(
                p,
                Permission::AskAsCustomer | Permission::GiveFeedback | Permission::ReadCustomerKnowledge
            );
            assert_eq!(Role::Customer.allows(*p), customer_may, "{p}");
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        use Permission::{
            ActForSubject, AskAsBanker, AskAsCustomer, ChangeTickets, ExportAndErase, HandOverTickets,
            ManageAccess, ManagePrivacy, OperateLedger, ReviewGuard, Unmask, WriteKnowledge,
        };
        for p in [
            AskAsCustomer,
            AskAsBanker,
            ChangeTickets,
            HandOverTickets,
            WriteKnowledge,
            ActForSubject,
            ExportAndErase,
            ReviewGuard,
            OperateLedger,
            ManageAccess,
            ManagePrivacy,
            Unmask,
        ] {
            assert!(!Role::Auditor.allows(p), "{p}");
        }
    }

    #[test]
    fn a_scope_takes_away_and_never_adds() {
        use Permission::{AskAsBanker, AskAsCustomer, GiveFeedback, ScanText};
        let of = |role, words: &[&str]| narrowed(role, words.iter().copied());
        assert_eq!(of(Role::Service, &[]), Ok(None));
        assert_eq!(
            of(Role::Service, &["feedback", "ask", "ask"]),
            Ok(Some(vec![AskAsCustomer, AskAsBanker, GiveFeedback]))
        );
        assert_eq!(of(Role::Customer, &["ask"]), Ok(Some(vec![AskAsCustomer])));
        assert_eq!(of(Role::Service, &["scan_text"]), Ok(Some(vec![ScanText])));
        for (words, at) in [(vec!["ask", "scan_text"], 1), (vec!["everything"], 0), (vec!["ask", ""], 1)] {
            assert_eq!(of(Role::Customer, &words), Err(at), "{words:?}");
        }
        for role in Role::ALL {
            for permission in Permission::ALL {
                assert_eq!(of(*role, &[permission.as_str()]).is_ok(), role.allows(*permission));
            }
        }
    }

    #[test]
    fn a_role_reaches_what_stands_below_it() {
        assert!(Role::Supervisor.reaches(Role::Banker));
        assert!(!Role::Banker.reaches(Role::Supervisor));
        assert!(!Role::Service.reaches(Role::Supervisor));
        assert!(Role::ALL.iter().all(|r| r.reaches(*r)));
        assert!(Role::Auditor.may_see(Role::Admin) && !Role::Banker.may_see(Role::Supervisor));
    }

    #[test]
    fn bankers_do_not_read_the_conversations_of_others() {
        assert!(!Role::Banker.allows(Permission::ReadAllInteractions));
        assert!(Role::Supervisor.allows(Permission::ReadAllInteractions));
    }
}
