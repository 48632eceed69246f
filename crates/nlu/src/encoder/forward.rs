//! The forward pass of a BERT encoder over several texts at once.
//!
//! The tokens of all texts of a batch stand one below the other, without padding: everything but the
//! attention treats a token alone, and the attention runs text by text, head by head. So no mask is
//! needed, and pooling over a text's own rows is pooling over its attention mask.

use super::{
    elementwise::{LANES, gelu, softmax},
    linear::{Linear, Scratch},
    matmul::{Left, Panels, Product, Unit},
    weights::{Config, Layer, Weights},
};

/// The places where a linear layer reads its input, in the order of computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The state before attention.
    QueryKeyValue,
    /// What attention gathered.
    AttentionOut,
    /// The state before the feed-forward network.
    FeedIn,
    /// Between the network's two halves.
    FeedOut,
}

/// Room for the numbers of a batch, used again for the next.
#[derive(Debug)]
pub(crate) struct Workspace {
    unit: Unit,
    state: Vec<f32>,
    branch: Vec<f32>,
    wide: Vec<f32>,
    context: Vec<f32>,
    scores: Vec<f32>,
    queries: Panels,
    values: Panels,
    scratch: Scratch,
}

impl Workspace {
    /// Empty, for a kernel's own unit.
    pub(crate) fn new(unit: Unit) -> Self {
        Self {
            unit,
            state: Vec::new(),
            branch: Vec::new(),
            wide: Vec::new(),
            context: Vec::new(),
            scores: Vec::new(),
            queries: Panels::new(unit),
            values: Panels::new(unit),
            scratch: Scratch::new(unit),
        }
    }

    /// One unit vector a text. Token numbers must be below the vocabulary's size, and each text must
    /// have at least one token and at most as many as the model has positions.
    pub(crate) fn encode(
        &mut self,
        config: &Config,
        weights: &Weights<Linear>,
        texts: &[&[u32]],
    ) -> Vec<Vec<f32>> {
        let hidden = config.hidden_size;
        self.embed(config, weights, texts);
        for layer in &weights.layers {
            self.layer(config, layer, texts, &mut |_, _| {});
        }
        let mut rest = self.state.as_slice();
        texts
            .iter()
            .map(|text| {
                let (own, after) = rest.split_at(text.len() * hidden);
                rest = after;
                pool(own, hidden)
            })
            .collect()
    }

    /// The state before the first layer.
    pub(crate) fn embed<L>(&mut self, config: &Config, weights: &Weights<L>, texts: &[&[u32]]) {
        let hidden = config.hidden_size;
        self.state.clear();
        self.branch.clear();
        for text in texts {
            for token in *text {
                self.state.extend_from_slice(&weights.words[*token as usize * hidden..][..hidden]);
            }
            self.branch.extend_from_slice(&weights.positions[..text.len() * hidden]);
        }
        weights.norm.add_and_normalise(self.unit, &mut self.state, &self.branch);
    }

    /// One layer, from state to state. `watch` sees what each linear layer reads: rows of its inputs.
    pub(crate) fn layer(
        &mut self,
        config: &Config,
        layer: &Layer<Linear>,
        texts: &[&[u32]],
        watch: &mut impl FnMut(Input, &[f32]),
    ) {
        watch(Input::QueryKeyValue, &self.state);
        layer.query_key_value.apply(&self.state, &mut self.wide, &mut self.scratch);
        self.attend(config, texts);
        watch(Input::AttentionOut, &self.context);
        layer.attention_out.apply(&self.context, &mut self.branch, &mut self.scratch);
        layer.attention_norm.add_and_normalise(self.unit, &mut self.state, &self.branch);
        watch(Input::FeedIn, &self.state);
        layer.feed_in.apply(&self.state, &mut self.wide, &mut self.scratch);
        gelu(self.unit, &mut self.wide);
        watch(Input::FeedOut, &self.wide);
        layer.feed_out.apply(&self.wide, &mut self.branch, &mut self.scratch);
        layer.feed_norm.add_and_normalise(self.unit, &mut self.state, &self.branch);
    }

    /// From `wide` (query, key, value of each token) to `context`.
    fn attend(&mut self, config: &Config, texts: &[&[u32]]) {
        let (hidden, size) = (config.hidden_size, config.head_size());
        let stride = 3 * hidden;
        self.context.resize(self.state.len(), 0.0);
        let mut first = 0;
        for text in texts {
            let length = text.len();
            let own = &self.wide[first * stride..][..length * stride];
            // A row of scores is a key and a column a query, which is how the softmax and the second
            // product read them fastest. Columns beyond the text are never read.
            let width = length.next_multiple_of(LANES);
            self.scores.resize(length * width, 0.0);
            for head in 0..config.num_attention_heads {
                let at = head * size;
                self.queries.pack_transposed(&own[at..], stride, length, size);
                self.values.pack(&own[2 * hidden + at..], stride, length, size);
                Product {
                    left: Left::Rows(&own[hidden + at..], stride),
                    rows: length,
                    right: &self.queries,
                    bias: &[],
                    out: &mut self.scores,
                    out_stride: width,
                    scratch: &mut self.scratch.left,
                }
                .compute(self.unit);
                softmax(self.unit, &mut self.scores, width);
                Product {
                    left: Left::Columns(&self.scores, width),
                    rows: length,
                    right: &self.values,
                    bias: &[],
                    out: &mut self.context[first * hidden + at..],
                    out_stride: hidden,
                    scratch: &mut self.scratch.left,
                }
                .compute(self.unit);
            }
            first += length;
        }
    }
}

/// Mean of the rows, scaled to length 1. The mean's own scale falls out with that.
fn pool(rows: &[f32], hidden: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; hidden];
    for row in rows.chunks_exact(hidden) {
        sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    sum
}
