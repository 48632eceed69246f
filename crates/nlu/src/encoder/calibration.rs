//! From weights as they are read to weights in 8 bits.
//!
//! How the difficulty is shared between an input and its weights (`int8`) depends on how large each input
//! gets. That is measured at loading: a few sentences run through the network in `f32`, layer by layer,
//! and each layer is quantised behind them. So it fits any weights, and nothing has to be kept in step
//! with them. The sentences are part of the method: other ones give other vectors.

use super::{
    EncoderError,
    forward::{Input, Workspace},
    int8::Side,
    kernel::Kernel,
    linear::{Linear, Plain},
    tokens::Tokens,
    weights::{Config, Weights},
};

/// What people write to a bank, short and long, clean and careless, and what a bank publishes.
const SENTENCES: [&str; 24] = [
    "How do I open a savings account?",
    "my card got declined at the supermarket and i dont know why",
    "What is the interest rate on a five year fixed mortgage?",
    "I want to speak to a person",
    "Please cancel the standing order to my landlord, the one of the 1st.",
    "lost my phone, someone may have the app",
    "There is a charge of $42.50 on my statement that I do not recognise!",
    "Where is the nearest cash machine?",
    "overdraft limit increase",
    "Can I make an international transfer to Germany in euros, and what does it cost?",
    "thanks",
    "The yearly fee is waived when the balance stays above 1,500 for twelve months.",
    "Customers under 18 need the signature of a parent or guardian to open an account.",
    "why was I charged twice??",
    "Which documents do I need for a business loan application?",
    "How long until a deposited cheque clears",
    "You have been no help at all, I will close everything and complain to the ombudsman.",
    "Is it safe to give the code from the text message to somebody who called me?",
    "To reset your password, choose Forgotten password on the sign-in page and follow the link in the e-mail.",
    "Change of address",
    "My mother passed away last week. What happens with her accounts?",
    "What was the weather in Lisbon yesterday?",
    "Exchange rates are set each working day at 9:00 and apply to payments received before 15:30.",
    "Wie hoch sind die Zinsen?",
];

/// Quantises all linear layers of the model.
pub(crate) fn quantise(
    weights: Weights<Plain>,
    config: &Config,
    tokens: &Tokens,
    kernel: Kernel,
) -> Result<Weights<Linear>, EncoderError> {
    let texts = SENTENCES.iter().map(|text| tokens.of(text)).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let unit = kernel.unit();
    let mut workspace = Workspace::new(unit);
    workspace.embed(config, &weights, &texts);
    Ok(weights.map(|layer| {
        let mut largest = [
            vec![0.0; layer.query_key_value.depth()],
            vec![0.0; layer.attention_out.depth()],
            vec![0.0; layer.feed_in.depth()],
            vec![0.0; layer.feed_out.depth()],
        ];
        let packed = layer.clone().map(|_, linear| linear.packed(unit));
        workspace.layer(config, &packed, &texts, &mut |input, values| {
            note(&mut largest[input as usize], values);
        });
        layer.map(|input, linear: Plain| {
            let side = if input == Input::FeedOut { Side::One } else { Side::Both };
            linear.quantised(&largest[input as usize], side, kernel)
        })
    }))
}

/// Raises each column's largest size to what is in these rows.
fn note(largest: &mut [f32], rows: &[f32]) {
    for row in rows.chunks_exact(largest.len()) {
        largest.iter_mut().zip(row).for_each(|(top, x)| *top = top.max(x.abs()));
    }
}
