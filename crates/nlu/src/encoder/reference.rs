//! Tests of the forward pass: against a naive one on a tiny model, and against vectors that another
//! implementation computed with the real weights.

use super::{Encoder, EncoderError, Kernel, KernelChoice, MiniLm};
use safetensors::{Dtype, tensor::TensorView};
use std::{collections::BTreeMap, path::PathBuf};

const HIDDEN: usize = 24;
const HEADS: usize = 3;
const INTERMEDIATE: usize = 40;
const LAYERS: usize = 2;
const WORDS: [&str; 9] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "card", "lost", "my", "##s", "fee"];

/// A model of random weights: the tensors by name, and the three files.
pub(super) struct Tiny {
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    config: Vec<u8>,
    tokenizer: Vec<u8>,
}

impl Tiny {
    pub(super) fn new() -> Self {
        let mut shapes = vec![
            ("embeddings.word_embeddings.weight".to_owned(), vec![WORDS.len(), HIDDEN]),
            ("embeddings.position_embeddings.weight".to_owned(), vec![12, HIDDEN]),
            ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, HIDDEN]),
        ];
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..LAYERS {
            for (name, output, input) in [
                ("attention.self.query", HIDDEN, HIDDEN),
                ("attention.self.key", HIDDEN, HIDDEN),
                ("attention.self.value", HIDDEN, HIDDEN),
                ("attention.output.dense", HIDDEN, HIDDEN),
                ("intermediate.dense", INTERMEDIATE, HIDDEN),
                ("output.dense", HIDDEN, INTERMEDIATE),
            ] {
                shapes.push((format!("encoder.layer.{layer}.{name}.weight"), vec![output, input]));
                shapes.push((format!("encoder.layer.{layer}.{name}.bias"), vec![output]));
            }
            norms.push(format!("encoder.layer.{layer}.attention.output.LayerNorm"));
            norms.push(format!("encoder.layer.{layer}.output.LayerNorm"));
        }
        for norm in norms {
            shapes.push((format!("{norm}.weight"), vec![HIDDEN]));
            shapes.push((format!("{norm}.bias"), vec![HIDDEN]));
        }
        let mut state = 7_u32;
        let tensors = shapes
            .into_iter()
            .map(|(name, shape)| {
                let values = (0..shape.iter().product())
                    .map(|_| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
                    })
                    .collect();
                (name, (shape, values))
            })
            .collect();
        let config = serde_json::json!({
            "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "intermediate_size": INTERMEDIATE, "vocab_size": WORDS.len(), "max_position_embeddings": 12,
            "type_vocab_size": 2, "layer_norm_eps": 1e-6, "hidden_act": "gelu",
        });
        let vocab: BTreeMap<&str, usize> = WORDS.iter().enumerate().map(|(id, word)| (*word, id)).collect();
        let tokenizer = serde_json::json!({
            "version": "1.0", "added_tokens": [], "normalizer": {"type": "Lowercase"}, "decoder": null,
            "truncation": null,
            "padding": {"strategy": {"Fixed": 11}, "direction": "Right", "pad_to_multiple_of": null,
                        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocab},
        });
        Self {
            tensors,
            config: config.to_string().into_bytes(),
            tokenizer: tokenizer.to_string().into_bytes(),
        }
    }

    fn weights(&self) -> Vec<u8> {
        let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, (shape, values))| {
                (name.as_str(), (shape.clone(), values.iter().flat_map(|x| x.to_le_bytes()).collect()))
            })
            .collect();
        let views = bytes
            .iter()
            .map(|(name, (shape, data))| (*name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn load(&self) -> Result<MiniLm, EncoderError> {
        self.load_for(Kernel::F32)
    }

    pub(super) fn load_for(&self, kernel: Kernel) -> Result<MiniLm, EncoderError> {
        MiniLm::from_bytes(&self.config, &self.weights(), &self.tokenizer, kernel, None)
    }

    fn at(&self, name: &str) -> &[f32] {
        &self.tensors[name].1
    }

    fn linear(&self, rows: &[Vec<f64>], name: &str) -> Vec<Vec<f64>> {
        let (weight, bias) = (self.at(&format!("{name}.weight")), self.at(&format!("{name}.bias")));
        rows.iter()
            .map(|row| {
                weight
                    .chunks(row.len())
                    .zip(bias)
                    .map(|(w, b)| {
                        row.iter().zip(w).map(|(x, w)| x * f64::from(*w)).sum::<f64>() + f64::from(*b)
                    })
                    .collect()
            })
            .collect()
    }

    fn add_and_norm(&self, rows: &mut [Vec<f64>], more: &[Vec<f64>], name: &str) {
        let (weight, bias) = (self.at(&format!("{name}.weight")), self.at(&format!("{name}.bias")));
        for (row, more) in rows.iter_mut().zip(more) {
            row.iter_mut().zip(more).for_each(|(x, m)| *x += m);
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
            for (i, x) in row.iter_mut().enumerate() {
                *x = (*x - mean) / (variance + 1e-6).sqrt() * f64::from(weight[i]) + f64::from(bias[i]);
            }
        }
    }

    /// As the paper writes it, in f64, one loop at a time.
    fn naive(&self, tokens: &[usize]) -> Vec<f64> {
        let row = |name: &str, index: usize| {
            self.at(name)[index * HIDDEN..][..HIDDEN].iter().map(|x| f64::from(*x)).collect::<Vec<_>>()
        };
        let mut state: Vec<_> = tokens.iter().map(|t| row("embeddings.word_embeddings.weight", *t)).collect();
        let kind = row("embeddings.token_type_embeddings.weight", 0);
        let places: Vec<Vec<f64>> = (0..tokens.len())
            .map(|p| {
                row("embeddings.position_embeddings.weight", p)
                    .iter()
                    .zip(&kind)
                    .map(|(p, k)| p + k)
                    .collect()
            })
            .collect();
        self.add_and_norm(&mut state, &places, "embeddings.LayerNorm");
        for layer in 0..LAYERS {
            let at = |part: &str| format!("encoder.layer.{layer}.{part}");
            let [query, key, value] = ["query", "key", "value"]
                .map(|part| self.linear(&state, &at(&format!("attention.self.{part}"))));
            let size = HIDDEN / HEADS;
            let mut context = vec![vec![0.0; HIDDEN]; tokens.len()];
            for (i, context) in context.iter_mut().enumerate() {
                for head in (0..HIDDEN).step_by(size) {
                    let scores: Vec<f64> = key
                        .iter()
                        .map(|k| {
                            (head..head + size).map(|d| query[i][d] * k[d]).sum::<f64>()
                                / (size as f64).sqrt()
                        })
                        .map(f64::exp)
                        .collect();
                    let total: f64 = scores.iter().sum();
                    for d in head..head + size {
                        context[d] = scores.iter().zip(&value).map(|(s, v)| s / total * v[d]).sum();
                    }
                }
            }
            let out = self.linear(&context, &at("attention.output.dense"));
            self.add_and_norm(&mut state, &out, &at("attention.output.LayerNorm"));
            let mut wide = self.linear(&state, &at("intermediate.dense"));
            wide.iter_mut().flatten().for_each(|x| *x *= normal_distribution(*x));
            let out = self.linear(&wide, &at("output.dense"));
            self.add_and_norm(&mut state, &out, &at("output.LayerNorm"));
        }
        let sum: Vec<f64> = (0..HIDDEN).map(|d| state.iter().map(|row| row[d]).sum()).collect();
        let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        sum.into_iter().map(|x| x / length).collect()
    }
}

/// Φ by the trapezium rule from 0.
fn normal_distribution(x: f64) -> f64 {
    let steps = 4000;
    let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let width = x / f64::from(steps);
    let inner: f64 = (1..steps).map(|i| density(f64::from(i) * width)).sum();
    0.5 + width * (inner + (density(0.0) + density(x)) / 2.0)
}

#[test]
fn agrees_with_a_naive_forward_pass() {
    let tiny = Tiny::new();
    let model = tiny.load().unwrap();
    assert_eq!(model.dimensions(), HIDDEN);
    // More than eight texts of different lengths: batched, sorted, on several threads. The sixth is
    // cut to the model's 12 positions; padding in the tokenizer's file is ignored.
    let long = "card ".repeat(30);
    let mut cut = vec![4; 12];
    (cut[0], cut[11]) = (2, 3);
    let cases: Vec<(&str, Vec<usize>)> = vec![
        ("my card", vec![2, 6, 4, 3]),
        ("", vec![2, 3]),
        ("lost Cards", vec![2, 5, 4, 7, 3]),
        ("what", vec![2, 1, 3]),
        ("my lost card fees", vec![2, 6, 5, 4, 8, 7, 3]),
        (&long, cut),
        ("fee", vec![2, 8, 3]),
        ("fee my fee my fee", vec![2, 8, 6, 8, 6, 8, 3]),
        ("my my my", vec![2, 6, 6, 6, 3]),
        ("card lost", vec![2, 4, 5, 3]),
    ];
    let texts: Vec<&str> = cases.iter().map(|(text, _)| *text).collect();
    let together = model.encode(&texts).unwrap();
    for ((text, tokens), vector) in cases.iter().zip(&together) {
        for (got, wanted) in vector.iter().zip(tiny.naive(tokens)) {
            assert!((f64::from(*got) - wanted).abs() < 1e-4, "{text}: {got} instead of {wanted}");
        }
        assert_eq!(model.encode(&[text]).unwrap()[0], *vector, "alone and in company: {text}");
    }
    assert!(model.encode(&[]).unwrap().is_empty());
}

#[test]
fn a_damaged_model_is_told_by_file_and_reason() {
    let told = |tiny: &Tiny| tiny.load().unwrap_err().to_string();

    let mut tiny = Tiny::new();
    tiny.tensors.remove("encoder.layer.1.output.dense.bias");
    assert!(
        told(&tiny).contains("model.safetensors")
            && told(&tiny).contains("encoder.layer.1.output.dense.bias")
    );

    let mut tiny = Tiny::new();
    let bias = &mut tiny.tensors.get_mut("embeddings.LayerNorm.bias").unwrap();
    (bias.0, bias.1) = (vec![1], vec![0.0]);
    assert!(told(&tiny).contains("wanted F32 [24]"), "{}", told(&tiny));

    let mut tiny = Tiny::new();
    tiny.tensors.get_mut("embeddings.LayerNorm.bias").unwrap().1[3] = f32::NAN;
    assert!(told(&tiny).contains("not finite"));

    let mut tiny = Tiny::new();
    tiny.config = String::from_utf8(tiny.config).unwrap().replace("\"gelu\"", "\"gelu_new\"").into_bytes();
    assert!(told(&tiny).contains("hidden_act"));

    let mut tiny = Tiny::new();
    tiny.tokenizer =
        String::from_utf8(tiny.tokenizer).unwrap().replace("\"fee\":8", "\"fee\":9").into_bytes();
    assert!(told(&tiny).contains("tokenizer.json"), "{}", told(&tiny));

    let tiny = Tiny::new();
    let weights = tiny.weights();
    for end in [0, 7, 100, weights.len() - 1] {
        let error = MiniLm::from_bytes(&tiny.config, &weights[..end], &tiny.tokenizer, Kernel::F32, None)
            .unwrap_err();
        assert!(matches!(error, EncoderError::Damaged { ref file, .. } if file == "model.safetensors"));
    }
}

#[test]
fn a_missing_file_is_named_and_other_weights_have_another_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let mut tiny = Tiny::new();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("config.json", &tiny.config);
    write("tokenizer.json", &tiny.tokenizer);
    let error = MiniLm::load(folder.path()).unwrap_err();
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    write("model.safetensors", &tiny.weights());
    let model = MiniLm::load_for(folder.path(), KernelChoice::Forced(Kernel::F32)).unwrap();
    assert_eq!(model.fingerprint(), tiny.load().unwrap().fingerprint());
    tiny.tensors.get_mut("embeddings.LayerNorm.bias").unwrap().1[0] = 0.25;
    assert_ne!(model.fingerprint(), tiny.load().unwrap().fingerprint());
}

/// The real model of the folder that `CONTACTIQ_ENCODER` names; none where it is `off`.
///
/// # Panics
/// Where it is not set, or names no folder: a promise that nobody measured is no promise kept.
pub(super) fn real_model(kernel: Kernel) -> Option<MiniLm> {
    Some(MiniLm::load_for(&named_folder()?, KernelChoice::Forced(kernel)).unwrap())
}

/// The same with the shipped adapter, as a server loads it.
///
/// # Panics
/// As [`real_model`].
pub(super) fn adapted_model(kernel: Kernel) -> Option<MiniLm> {
    Some(MiniLm::load_adapted(&named_folder()?, KernelChoice::Forced(kernel)).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration to ask")]
fn named_folder() -> Option<PathBuf> {
    real_folder(std::env::var("CONTACTIQ_ENCODER").ok()).unwrap_or_else(|what| panic!("{what}"))
}

/// The folder that the variable names, or what to do.
fn real_folder(named: Option<String>) -> Result<Option<PathBuf>, String> {
    let folder = match named.as_deref().unwrap_or_default() {
        "" => Err("CONTACTIQ_ENCODER is not set".to_owned()),
        "off" => return Ok(None),
        folder if !PathBuf::from(folder).exists() => Err(format!("CONTACTIQ_ENCODER: {folder} is not there")),
        folder => Ok(Some(PathBuf::from(folder))),
    };
    folder.map_err(|why| {
        format!(
            "{why}: `make encoder` fetches the model and `make test` names its folder; `off` leaves this out"
        )
    })
}

#[test]
fn without_the_real_model_nothing_passes_unmeasured() {
    for (named, why) in
        [(None, "is not set"), (Some(""), "is not set"), (Some("/no/such"), "/no/such is not there")]
    {
        let what = real_folder(named.map(str::to_owned)).unwrap_err();
        assert!(what.contains(why) && what.contains("`make encoder`") && what.contains("`off`"), "{what}");
    }
    assert_eq!(real_folder(Some("off".to_owned())), Ok(None));
    let here = env!("CARGO_MANIFEST_DIR");
    assert_eq!(real_folder(Some(here.to_owned())), Ok(Some(PathBuf::from(here))));
}

#[test]
fn the_real_model_agrees_with_another_implementation() {
    let Some(model) = real_model(Kernel::F32) else { return };
    // The first numbers of each vector, computed in f64 with numpy from the same weights.
    let long =
        ["How long does an international transfer take to arrive, and what does it cost?"; 20].join(" ");
    let cases: [(&str, [f32; 8]); 12] = [
        (
            "My card was swallowed by the machine, what now?",
            [-0.020_393, 0.071_065, 0.005_041, 0.038_053, 0.005_633, -0.086_231, 0.010_852, 0.034_754],
        ),
        (
            "Hoe hoog is de rente op mijn spaarrekening? €1.234,56",
            [-0.023_668, 0.118_228, 0.036_006, 0.003_648, -0.071_382, -0.037_97, 0.110_753, 0.051_416],
        ),
        (
            "Overdraft fee",
            [-0.004_458, 0.050_742, -0.009_089, 0.007_757, 0.037_452, -0.046_115, 0.122_413, 0.056_628],
        ),
        (
            "I'd like to speak to a real person, please.",
            [-0.090_92, -0.037_367, 0.031_288, 0.025_366, -0.033_182, -0.037_992, 0.025_753, -0.040_855],
        ),
        (
            "The annual fee of the Horizon Gold card is $95. It is waived in the first year when you spend at \
             least $3,000 in the first three months after the account is opened.",
            [0.070_539, -0.007_839, -0.022_024, 0.037_446, 0.045_432, -0.041_928, 0.033_506, 0.010_488],
        ),
        ("fee", [0.015_205, 0.024_075, -0.027_338, 0.028_909, 0.039_64, 0.010_668, 0.128_919, 0.041_153]),
        (
            "What's the diff b/w BSB & account no.?? pls help asap!!",
            [-0.046_734, -0.017_498, -0.075_602, -0.004_949, -0.003_468, 0.016_675, 0.092_908, -0.010_307],
        ),
        (
            "Je veux parler \u{e0} un conseiller",
            [-0.059_91, 0.025_334, -0.002_427, -0.063_288, 0.032_715, 0.017_766, 0.080_059, 0.121_264],
        ),
        (
            "\u{79c1}\u{306e}\u{30ab}\u{30fc}\u{30c9}\u{306f}\u{3069}\u{3053}\u{3067}\u{3059}\u{304b}",
            [0.013_315, 0.119_025, 0.006_431, -0.017_241, -0.065_819, 0.061_077, 0.139_649, 0.018_699],
        ),
        (
            "I transferred $2,500.00 to 062-000 by mistake on 3 March and they won't send it back",
            [0.029_864, -0.041_384, 0.043_562, 0.011_584, 0.021_609, -0.088_174, 0.009_949, 0.006_739],
        ),
        (
            "LOST MY PURSE IN SOHO",
            [-0.009_29, 0.072_501, 0.008_025, 0.049_159, 0.039_288, 0.022_334, 0.071_094, -0.032_909],
        ),
        // More than the encoder reads.
        (&long, [0.060_979, -0.097_53, 0.016_183, -0.008_29, -0.024_91, -0.006_522, 0.003_193, 0.060_388]),
    ];
    let texts: Vec<&str> = cases.iter().map(|(text, _)| *text).collect();
    for ((text, wanted), vector) in cases.iter().zip(model.encode(&texts).unwrap()) {
        assert_eq!(vector.len(), 384);
        assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
        for (got, wanted) in vector.iter().zip(wanted) {
            assert!((got - wanted).abs() < 1e-3, "{text}: {got} instead of {wanted}");
        }
    }
}
