use contactiq_store::meta;

on_both_engines! {
    async fn a_value_is_kept_under_its_name(bench) {
        let mut w = bench.write().await;
        assert_eq!(meta::get_meta(&mut w, "demo").await.unwrap(), None);
        meta::set_meta(&mut w, "demo", "1").await.unwrap();
        meta::set_meta(&mut w, "demo", "2").await.unwrap();
        w.save().await.unwrap();
        assert_eq!(meta::get_meta(&mut *bench.read().await, "demo").await.unwrap().as_deref(), Some("2"));
    }
}
