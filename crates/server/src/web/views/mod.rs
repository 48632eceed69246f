//! The pages: plain data in, HTML out.
//!
//! A view struct holds only what its template shows. It asks no store, no clock and no permission:
//! the handler did that and says here what came of it (`may_change`, `today`, `people_available`).
//! Text goes through askama, which escapes it; nothing in the templates is marked safe.

pub mod access;
pub mod audit;
pub mod chart;
pub mod chat;
pub mod dashboard;
mod dashboard_charts;
pub mod documents;
pub mod error;
pub mod interaction;
pub mod layout;
pub mod prose;
pub mod review;
pub mod signin;
pub mod tickets;
pub mod turn;
pub mod wording;

pub use access::AccessView;
pub use chat::ChatView;
pub use dashboard::DashboardView;
pub use documents::{DocumentView, DocumentsView};
pub use error::ErrorView;
pub use interaction::InteractionView;
pub use layout::{Layout, NavItem};
pub use review::ReviewView;
pub use signin::{SignInView, SignedInView, SignedOutView};
pub use tickets::{TicketView, TicketsView};
