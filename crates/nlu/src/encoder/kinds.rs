//! Tests that need a whole model: how far 8 bits are from 32, and that kernels of one kind agree.

use super::{
    Encoder, Kernel, MiniLm, dot,
    reference::{Tiny, adapted_model, real_model},
};

const SENTENCES: &str = include_str!("fixtures/sentences.txt");

#[test]
fn the_kind_of_numbers_is_in_the_fingerprint_and_the_instructions_are_not() {
    let tiny = Tiny::new();
    let mut prints: Vec<(&str, String)> = Kernel::available()
        .map(|kernel| (kernel.numbers(), tiny.load_for(kernel).unwrap().fingerprint().to_owned()))
        .collect();
    prints.dedup();
    let kinds: Vec<&str> = prints.iter().map(|(kind, _)| *kind).collect();
    assert!(kinds == ["int8", "f32"] || kinds == ["f32"], "{prints:?}");
    assert!(prints.len() == 1 || prints[0].1 != prints[1].1);
}

#[test]
fn a_model_tells_its_kernel() {
    for kernel in Kernel::available() {
        assert_eq!(Tiny::new().load_for(kernel).unwrap().kernel(), kernel.name());
    }
}

#[test]
fn a_tiny_model_in_8_bits_is_near_and_the_same_with_every_kernel() {
    let tiny = Tiny::new();
    let texts =
        ["my card", "lost cards", "fee", "", "what is my card fee", "my my lost fees", "card", "s", "a"];
    let exact = tiny.load_for(Kernel::F32).unwrap().encode(&texts).unwrap();
    let mut before: Option<Vec<Vec<f32>>> = None;
    for kernel in Kernel::available().filter(|kernel| kernel.numbers() == "int8") {
        let model = tiny.load_for(kernel).unwrap();
        let vectors = model.encode(&texts).unwrap();
        for ((text, got), wanted) in texts.iter().zip(&vectors).zip(&exact) {
            assert!(dot(got, wanted) > 0.99, "{text}: {}", dot(got, wanted));
            assert_eq!(model.encode(&[text]).unwrap()[0], *got, "alone and in company: {text}");
        }
        if let Some(before) = before.replace(vectors.clone()) {
            assert_eq!(before, vectors, "{kernel:?}");
        }
    }
}

/// How far the real model in 8 bits is from itself in 32, over 200 sentences, with every kernel of this processor.
fn is_near(load: fn(Kernel) -> Option<MiniLm>, least_mean: f32) {
    let Some(exact) = load(Kernel::F32) else { return };
    let texts: Vec<&str> = SENTENCES.lines().collect();
    assert_eq!(texts.len(), 200);
    let exact = exact.encode(&texts).unwrap();
    let mut before: Option<Vec<Vec<f32>>> = None;
    for kernel in Kernel::available().filter(|kernel| kernel.numbers() == "int8") {
        let Some(model) = load(kernel) else { return };
        let vectors = model.encode(&texts).unwrap();
        assert_eq!(model.encode(&texts).unwrap(), vectors, "the same twice");
        assert_eq!(load(kernel).unwrap().encode(&texts).unwrap(), vectors, "the same quantised anew");
        let mut cosines: Vec<f32> = vectors.iter().zip(&exact).map(|(a, b)| dot(a, b)).collect();
        let mean = cosines.iter().sum::<f32>() / 200.0;
        cosines.sort_by(f32::total_cmp);
        println!(
            "{}: cosine to f32 mean {mean:.5}, least {:.5}, 1 in 20 {:.5}",
            kernel.name(),
            cosines[0],
            cosines[9]
        );
        assert!(mean >= least_mean && cosines[0] >= 0.99, "{mean} {}", cosines[0]);
        if let Some(before) = before.replace(vectors.clone()) {
            assert!(before == vectors, "kernels of one kind give one vector");
        }
    }
}

#[test]
fn the_real_model_in_8_bits_keeps_a_cosine_of_999_in_1000() {
    is_near(real_model, 0.999);
}

#[test]
fn the_real_model_with_its_adapter_in_8_bits_keeps_a_cosine_of_999_in_1000() {
    is_near(adapted_model, 0.999);
    if let (Some(plain), Some(adapted)) = (real_model(Kernel::F32), adapted_model(Kernel::F32)) {
        assert_ne!(plain.fingerprint(), adapted.fingerprint(), "the adapter is in it");
    }
}
