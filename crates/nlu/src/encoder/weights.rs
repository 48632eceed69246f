//! Reads a BERT encoder's configuration and weights, and checks every shape before anything runs.

use super::{EncoderError, adapter::Adapter, elementwise::Norm, forward::Input, linear::Plain};
use safetensors::{Dtype, SafeTensors};

/// Name of the file with the sizes.
pub(crate) const CONFIG: &str = "config.json";
/// Name of the file with the weights.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// The sizes of the model, as `config.json` names them.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Config {
    /// Length of a token's vector.
    pub(crate) hidden_size: usize,
    /// Number of layers.
    pub(crate) num_hidden_layers: usize,
    /// Number of attention heads.
    pub(crate) num_attention_heads: usize,
    /// Length of the vector between the two halves of a feed-forward network.
    pub(crate) intermediate_size: usize,
    /// Number of tokens known.
    pub(crate) vocab_size: usize,
    /// Number of positions known.
    pub(crate) max_position_embeddings: usize,
    /// Number of token types known; only the first is used.
    type_vocab_size: usize,
    /// Added to variances.
    layer_norm_eps: f32,
    /// The activation.
    hidden_act: String,
    /// How positions are told.
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".to_owned()
}

impl Config {
    /// Parses `config.json` and refuses what this forward pass doesn't compute.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, EncoderError> {
        let config: Self = serde_json::from_slice(bytes).map_err(|e| damaged(CONFIG, e.to_string()))?;
        let sizes = [
            config.hidden_size,
            config.num_hidden_layers,
            config.num_attention_heads,
            config.intermediate_size,
            config.vocab_size,
            config.max_position_embeddings,
            config.type_vocab_size,
        ];
        if sizes.contains(&0) || sizes.iter().any(|size| *size > 1 << 20) {
            return Err(damaged(CONFIG, "a size is zero or beyond reason".to_owned()));
        }
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(damaged(CONFIG, "hidden_size is not a multiple of num_attention_heads".to_owned()));
        }
        if config.hidden_act != "gelu" {
            return Err(damaged(CONFIG, format!("hidden_act is {:?}, known is \"gelu\"", config.hidden_act)));
        }
        if config.position_embedding_type != "absolute" {
            return Err(damaged(CONFIG, "position_embedding_type is not \"absolute\"".to_owned()));
        }
        if !(config.layer_norm_eps >= 0.0 && config.layer_norm_eps < 1.0) {
            return Err(damaged(CONFIG, "layer_norm_eps is not between 0 and 1".to_owned()));
        }
        Ok(config)
    }

    /// Length of one head's vectors.
    pub(crate) fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }
}

/// One layer of the encoder.
#[derive(Debug, Clone)]
pub(crate) struct Layer<L> {
    /// Query, key and value side by side: `hidden → 3 · hidden`. The query is already divided by the
    /// square root of the head's size.
    pub(crate) query_key_value: L,
    /// After attention: `hidden → hidden`.
    pub(crate) attention_out: L,
    /// After attention and the residual.
    pub(crate) attention_norm: Norm,
    /// First half of the feed-forward network: `hidden → intermediate`.
    pub(crate) feed_in: L,
    /// Second half: `intermediate → hidden`.
    pub(crate) feed_out: L,
    /// After the feed-forward network and the residual.
    pub(crate) feed_norm: Norm,
}

impl<L> Layer<L> {
    /// The same layer with each linear layer turned into another form.
    pub(crate) fn map<M>(self, mut turn: impl FnMut(Input, L) -> M) -> Layer<M> {
        Layer {
            query_key_value: turn(Input::QueryKeyValue, self.query_key_value),
            attention_out: turn(Input::AttentionOut, self.attention_out),
            attention_norm: self.attention_norm,
            feed_in: turn(Input::FeedIn, self.feed_in),
            feed_out: turn(Input::FeedOut, self.feed_out),
            feed_norm: self.feed_norm,
        }
    }
}

/// All weights that the forward pass reads, linear layers in the form `L`.
#[derive(Debug, Clone)]
pub(crate) struct Weights<L> {
    /// `vocab × hidden`.
    pub(crate) words: Vec<f32>,
    /// `positions × hidden`, the embedding of the first token type added.
    pub(crate) positions: Vec<f32>,
    /// After the embeddings.
    pub(crate) norm: Norm,
    /// In the order of computing.
    pub(crate) layers: Vec<Layer<L>>,
}

impl<L> Weights<L> {
    /// The same weights with each layer turned into another form, the first first. A layer that was
    /// turned is not held any longer.
    pub(crate) fn map<M>(self, turn: impl FnMut(Layer<L>) -> Layer<M>) -> Weights<M> {
        let layers = self.layers.into_iter().map(turn).collect();
        Weights { words: self.words, positions: self.positions, norm: self.norm, layers }
    }
}

impl Weights<Plain> {
    /// Reads `model.safetensors` for these sizes, and adds what an adapter changes.
    pub(crate) fn parse(
        bytes: &[u8],
        config: &Config,
        adapter: Option<Adapter<'_>>,
    ) -> Result<Self, EncoderError> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(WEIGHTS, e.to_string()))?;
        let reader = Reader { file, adapter, epsilon: config.layer_norm_eps };
        let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);

        let words = reader.tensor("embeddings.word_embeddings.weight", &[config.vocab_size, hidden])?;
        let mut positions = reader
            .tensor("embeddings.position_embeddings.weight", &[config.max_position_embeddings, hidden])?;
        let types =
            reader.tensor("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        for row in positions.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&types).for_each(|(x, t)| *x += t);
        }

        let layers = (0..config.num_hidden_layers)
            .map(|number| {
                let at = |part: &str| format!("encoder.layer.{number}.{part}");
                Ok(Layer {
                    query_key_value: reader.query_key_value(&at("attention.self"), config)?,
                    attention_out: reader.linear(&at("attention.output.dense"), hidden, hidden)?,
                    attention_norm: reader.norm(&at("attention.output.LayerNorm"), hidden)?,
                    feed_in: reader.linear(&at("intermediate.dense"), hidden, intermediate)?,
                    feed_out: reader.linear(&at("output.dense"), intermediate, hidden)?,
                    feed_norm: reader.norm(&at("output.LayerNorm"), hidden)?,
                })
            })
            .collect::<Result<_, EncoderError>>()?;
        Ok(Self { words, positions, norm: reader.norm("embeddings.LayerNorm", hidden)?, layers })
    }
}

struct Reader<'a> {
    file: SafeTensors<'a>,
    adapter: Option<Adapter<'a>>,
    epsilon: f32,
}

impl Reader<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let tensor = self.file.tensor(name).map_err(|_| damaged(WEIGHTS, format!("{name} is missing")))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let why = format!("{name} is {:?} {:?}, wanted F32 {shape:?}", tensor.dtype(), tensor.shape());
            return Err(damaged(WEIGHTS, why));
        }
        let values: Vec<f32> =
            tensor.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if values.iter().any(|x| !x.is_finite()) {
            return Err(damaged(WEIGHTS, format!("{name} holds a number that is not finite")));
        }
        Ok(values)
    }

    fn weight(&self, name: &str, output: usize, input: usize) -> Result<Vec<f32>, EncoderError> {
        let mut weight = self.tensor(&format!("{name}.weight"), &[output, input])?;
        if let Some(adapter) = &self.adapter {
            adapter.add(name, &mut weight, (output, input))?;
        }
        Ok(weight)
    }

    fn linear(&self, name: &str, input: usize, output: usize) -> Result<Plain, EncoderError> {
        let weight = self.weight(name, output, input)?;
        let bias = self.tensor(&format!("{name}.bias"), &[output])?;
        Ok(Plain { weight, bias })
    }

    fn query_key_value(&self, name: &str, config: &Config) -> Result<Plain, EncoderError> {
        let hidden = config.hidden_size;
        let (mut weight, mut bias) =
            (Vec::with_capacity(3 * hidden * hidden), Vec::with_capacity(3 * hidden));
        for part in ["query", "key", "value"] {
            weight.extend(self.weight(&format!("{name}.{part}"), hidden, hidden)?);
            bias.extend(self.tensor(&format!("{name}.{part}.bias"), &[hidden])?);
        }
        #[expect(clippy::cast_precision_loss, reason = "a head's size, some dozens, is exact in f32")]
        let scale = 1.0 / (config.head_size() as f32).sqrt();
        weight[..hidden * hidden].iter_mut().chain(&mut bias[..hidden]).for_each(|x| *x *= scale);
        Ok(Plain { weight, bias })
    }

    fn norm(&self, name: &str, size: usize) -> Result<Norm, EncoderError> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.weight"), &[size])?,
            bias: self.tensor(&format!("{name}.bias"), &[size])?,
            epsilon: self.epsilon,
        })
    }
}

/// The error for a file that is not what it should be.
pub(crate) fn damaged(file: &str, why: String) -> EncoderError {
    EncoderError::Damaged { file: file.to_owned(), why }
}
