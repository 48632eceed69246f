//! Words that clients and files write: what is read, printed, is read alike, and prints in the one spelling.
#![no_main]

use std::{fmt::Display, str::FromStr};

use contactiq_domain::{
    Category, Collection, ContentType, IntentName, Mode, OpeningHours, Role, Scope, TicketState, Timestamp,
    Trigger, Zone,
    ids::{DocumentId, InteractionId},
};
use libfuzzer_sys::fuzz_target;

fn comes_back<T: FromStr + Display + PartialEq>(text: &str) {
    let Ok(read) = text.parse::<T>() else { return };
    assert!(read.to_string().parse::<T>().is_ok_and(|again| again == read), "{text} is printed as {read}");
}

fuzz_target!(|text: &str| {
    comes_back::<InteractionId>(text);
    comes_back::<DocumentId>(text);
    comes_back::<Timestamp>(text);
    comes_back::<Scope>(text);
    comes_back::<Mode>(text);
    comes_back::<Role>(text);
    comes_back::<Collection>(text);
    comes_back::<ContentType>(text);
    comes_back::<Category>(text);
    comes_back::<Trigger>(text);
    comes_back::<TicketState>(text);
    if let Ok(name) = IntentName::new(text) {
        assert_eq!(
            serde_json::from_str::<IntentName>(&format!("{text:?}")).expect("it has plain letters"),
            name
        );
    }
    if let Ok(id) = serde_json::from_str::<InteractionId>(&format!("\"{}\"", text.escape_default())) {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    // `zone`, then hours, then days without them, one a line; the rest are moments.
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (Some(zone), Some(hours), Some(closed)) = (lines.first(), lines.get(1), lines.get(2)) else { return };
    let moments = lines.iter().skip(3).filter_map(|line| line.parse::<Timestamp>().ok());
    if let Ok(open) = OpeningHours::parse(zone, std::slice::from_ref(hours), std::slice::from_ref(closed)) {
        moments.clone().for_each(|moment| drop(open.opens_next(moment)));
    }
    if let Ok(zone) = Zone::named(zone) {
        for moment in moments {
            let day = zone.day(moment);
            assert!(zone.start(day) <= moment && zone.day(zone.start(day)) == day, "{moment} lies in {day}");
        }
    }
});
