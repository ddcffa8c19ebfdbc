//! By which names a service is called, and what pages of other sites have a browser ask of it.

use crate::load::connections::said_until_closed;
use crate::world::{Answer, Service, World, check_published};
use tensorflix_sandbox::world::{Counts, Platform};

const VIDEO: &str = "/youtube/video/{video_id}";

/// A request with these headers.
async fn ask(service: &Service, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = service.client.get(format!("{}{path}", service.urls[0]));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.expect("an answer")).await
}

/// The status of the answer to a head, which is completed by what closes the connection.
async fn status(service: &Service, head: &str) -> String {
    let (url, bytes) = (service.urls[0].clone(), format!("{head}Connection: close\r\n\r\n"));
    let said = tokio::task::spawn_blocking(move || said_until_closed(&url, bytes.as_bytes())).await.expect("no panic");
    said.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebound_name_is_told_that_nothing_is_served_under_it_and_costs_nothing() {
    let world = World::start(|_| {}).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    let tracker = world.tracker().await;
    let (document, before) = (tracker.document(0).await, world.youtube_requests());
    for name in
        ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.nip.io", "validator.internal"]
    {
        for (path, route) in [("/health", "/health"), ("/youtube/video/AAAAAAAAAAA", VIDEO)] {
            for more in
                [("x-forwarded-host", "localhost"), ("forwarded", "host=localhost"), ("origin", "http://localhost")]
            {
                let answer = ask(&tracker, path, &[("host", name), more]).await;
                assert_eq!(answer.status, 421, "{name} {path}: {answer:?}");
                check_published(&document, route, &answer);
                assert!(
                    answer.detail().contains("http.allowed_hosts") && !answer.detail().contains(name),
                    "{answer:?}"
                );
            }
        }
        for path in ["/", "/metrics", "/openapi.json", "/nothing"] {
            assert_eq!(ask(&tracker, path, &[("host", name)]).await.status, 421, "{name} {path}");
        }
    }
    for (head, expected) in [
        ("GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n", "421"),
        ("GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n", "200"),
        ("GET http://localhost@evil.example/health HTTP/1.1\r\nHost: localhost\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: user@localhost\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: localhost, evil.example\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost: l\u{f6}calhost\r\n", "400"),
        ("GET /health HTTP/1.1\r\nHost:\r\n", "400"),
        ("GET /health HTTP/1.1\r\n", "400"),
        ("GET /health HTTP/1.0\r\n", "200"),
        ("GET /health HTTP/1.0\r\nHost: evil.example\r\n", "421"),
        ("HEAD /health HTTP/1.1\r\nHost: evil.example\r\n", "421"),
        ("POST /health HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n", "421"),
        ("OPTIONS /health HTTP/1.1\r\nHost: evil.example\r\n", "421"),
        ("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n", "421"),
        ("GET /health HTTP/1.1\r\nHost: LOCALHOST.:1\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost: [::1]:8000\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost: 192.168.1.5:80\r\n", "200"),
    ] {
        assert_eq!(status(&tracker, head).await, expected, "{head:?}");
    }
    assert_eq!(world.youtube_requests(), before, "nothing of this was asked for");
    assert_eq!(tracker.get("/youtube/video/AAAAAAAAAAA").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_name_is_served_as_the_dns_compares_names() {
    let names = ["tracker.example.org", "pages.example"].map(str::to_owned).to_vec();
    let world = World::start(|config| config.http.allowed_hosts = names).await;
    let tracker = world.tracker().await;
    for (name, expected) in [
        ("tracker.example.org", 200),
        ("Tracker.Example.ORG.:443", 200),
        ("pages.example:8000", 200),
        ("localhost", 200),
        ("a.tracker.example.org", 421),
        ("example.org", 421),
        ("pages.example.evil", 421),
    ] {
        assert_eq!(ask(&tracker, "/health", &[("host", name)]).await.status, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_gets_what_is_stored_and_spends_no_quota() {
    let world = World::start(|config| config.http.max_age_secs = 1).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(7), ..Counts::default() });
    world.add(Platform::Instagram, "Cabcdefghij", Counts { views: Some(7), ..Counts::default() });
    let tracker = world.tracker().await;
    let (document, before) = (tracker.document(0).await, world.sandbox.counters().platforms);
    let foreign: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[("sec-fetch-site", "none"), ("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://localhost:3000")],
        &[("Sec-Fetch-Site", "CROSS-SITE")],
    ];
    for headers in foreign {
        for (path, route) in
            [("/youtube/video/AAAAAAAAAAA", VIDEO), ("/instagram/reel/Cabcdefghij", "/instagram/reel/{reel_id}")]
        {
            let answer = ask(&tracker, path, headers).await;
            assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
            check_published(&document, route, &answer);
            assert!(answer.detail().contains("not stored"), "{answer:?}");
        }
        assert_eq!(ask(&tracker, "/health", headers).await.status, 200, "{headers:?}: what costs nothing is served");
    }
    let after = world.sandbox.counters().platforms;
    assert_eq!((after.youtube.requests, after.apify.requests), (before.youtube.requests, before.apify.requests));
    let own = format!("http://{}", tracker.urls[0].trim_start_matches("http://"));
    let headers = [("sec-fetch-site", "same-origin"), ("origin", own.as_str())];
    assert_eq!(ask(&tracker, "/youtube/video/AAAAAAAAAAA", &headers).await.status, 200);
    let asked = world.youtube_requests();
    // Also when it is older than what a client itself is given.
    tracker.until(0, "/health", |answer| answer.body["uptime_secs"].as_u64() > Some(3)).await;
    for headers in foreign {
        let answer = ask(&tracker, "/youtube/video/AAAAAAAAAAA", headers).await;
        assert_eq!((answer.status, &answer.body["view_count"]), (200, &7.into()), "{headers:?}");
    }
    assert_eq!(world.youtube_requests(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pages_of_other_sites_ask_takes_nothing_from_the_clients_rate() {
    let world = World::start(|config| (config.http.requests_per_second, config.http.burst) = (0.001, 5)).await;
    let tracker = world.tracker().await;
    for _ in 0..50 {
        assert_eq!(ask(&tracker, "/health", &[("host", "evil.example")]).await.status, 421);
    }
    for asked in 0..50 {
        let status = ask(&tracker, "/health", &[("sec-fetch-site", "cross-site")]).await.status;
        assert_eq!(status, if asked < 5 { 200 } else { 429 });
    }
    assert_eq!(tracker.get("/health").await.status, 200);
}
