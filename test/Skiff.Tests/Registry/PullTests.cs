using System.Globalization;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

public sealed class PullTests : IDisposable
{
    private readonly PullFixture _f = new();
    private readonly byte[] _a = FakeRegistry.Random(1, 300_000);
    private readonly byte[] _b = FakeRegistry.Random(2, 50_000);

    public void Dispose() => _f.Dispose();

    private static bool IsBlob(Seen seen, byte[] bytes) => seen.Path.EndsWith(Digest.Of(bytes).ToString(), StringComparison.Ordinal);

    [Fact]
    public void An_image_is_pulled_whole_and_tells_what_it_does()
    {
        Descriptor manifest = _f.Registry.Image("t", "amd64", _a, _b);
        PullResult result = _f.Pull();
        Assert.Equal(manifest.Digest, result.Manifest.Digest);
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
        Assert.Equal(_b, _f.Store.Layers[Digest.Of(_b)]);
        Assert.IsType<PullResolved>(_f.Events.First());
        Assert.IsType<PullDone>(_f.Events.Last());
        Assert.Equal(2, _f.Events.OfType<PullLayerDone>().Count());
        Assert.Contains(_f.Events.OfType<PullDownloaded>(), e => e.Bytes == _a.Length);
        Assert.All(_f.Registry.Log, r => Assert.StartsWith("skiff/", r["user-agent"], StringComparison.Ordinal));
    }

    [Fact]
    public void REG_14_An_up_to_date_tag_costs_one_HEAD_in_all()
    {
        _f.Registry.Image("t", "amd64", _a);
        _ = _f.Pull();
        _f.Registry.Log.Clear();
        Assert.True(_f.Pull().UpToDate);
        Assert.Equal("HEAD", Assert.Single(_f.Registry.Log).Method);
    }

    [Fact]
    public void REG_14_A_pinned_digest_that_is_here_costs_no_request()
    {
        Descriptor manifest = _f.Registry.Image("t", "amd64", _a);
        Reference pinned = Reference.Parse($"{_f.Registry.Authority}/img@{manifest.Digest}");
        _ = _f.Pull(pinned);
        _f.Registry.Log.Clear();
        Assert.True(_f.Pull(pinned).UpToDate);
        Assert.Empty(_f.Registry.Log);
    }

    [Fact]
    public void REG_14_Only_missing_layers_are_asked_for()
    {
        _f.Registry.Image("t", "amd64", _a);
        _ = _f.Pull();
        _f.Registry.Image("t", "amd64", _a, _b);
        _f.Registry.Log.Clear();
        Assert.False(_f.Pull().UpToDate);
        Assert.DoesNotContain(_f.Registry.Log, r => IsBlob(r, _a));
        Assert.Equal(2, _f.Registry.Requests("/blobs/").Count());
        Assert.Single(_f.Events.OfType<PullLayerExists>());
    }

    [Fact]
    public void REG_05_A_redirect_to_another_host_gets_no_Authorization()
    {
        using FakeRegistry storage = new();
        _f.Credential = new Credential("u", "p");
        _f.Registry.Image("t", "amd64", _a);
        storage.Script = (r, _) =>
            new Answer(200, _f.Registry.Blobs.Single(b => r.Path.StartsWith("/s/" + b.Key + "?sig=", StringComparison.Ordinal)).Value);
        _f.Registry.Script = (r, _) =>
            r["authorization"] is null ? Answer.Text(401, "", ("WWW-Authenticate", "Basic realm=\"x\""))
            : r.Path.Contains("/blobs/", StringComparison.Ordinal)
                ? Answer.Text(307, "", ("Location", $"http://{storage.Authority}/s/{r.Path[(r.Path.LastIndexOf('/') + 1)..]}?sig=a%2Fb"))
            : null;
        _ = _f.Pull();
        Assert.Equal(2, storage.Log.Count);
        Assert.All(storage.Log, r => Assert.Null(r["authorization"]));
    }

    [Fact]
    public void REG_05_A_relative_Location_is_followed_at_the_same_host_with_Authorization()
    {
        _f.Credential = new Credential("u", "p");
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) =>
            r["authorization"] is null ? Answer.Text(401, "", ("WWW-Authenticate", "Basic realm=\"x\""))
            : r.Path.StartsWith("/v2/", StringComparison.Ordinal) && r.Path.Contains("/blobs/", StringComparison.Ordinal)
                ? Answer.Text(302, "", ("Location", "/elsewhere/blobs/" + r.Path[(r.Path.LastIndexOf('/') + 1)..]))
            : null;
        _ = _f.Pull();
        Assert.NotNull(_f.Registry.Requests("/elsewhere/").First()["authorization"]);
    }

    [Fact]
    public void REG_05_Redirects_in_circles_end()
    {
        _f.Registry.Script = (r, _) => Answer.Text(307, "", ("Location", r.Path));
        Assert.Contains("in circles", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void REG_07_Retry_After_in_seconds_is_waited_for()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) =>
            r.Path.Contains("/manifests/", StringComparison.Ordinal) && n == 1 ? Answer.Text(429, "", ("Retry-After", "7")) : null;
        _ = _f.Pull();
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.Single(_f.Waits));
        Assert.Contains("429", Assert.Single(_f.Events.OfType<PullRetrying>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void REG_07_Retry_After_is_read_as_seconds_or_date_and_bounded()
    {
        DateTimeOffset now = DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture);
        static TimeSpan? Read(string? header, DateTimeOffset at) => RetryPolicy.ParseRetryAfter(header, at);
        Assert.Equal(TimeSpan.FromSeconds(30), Read("Thu, 01 Jan 2026 00:00:30 GMT", now));
        Assert.Equal(TimeSpan.FromSeconds(30), Read("Thursday, 01-Jan-26 00:00:30 GMT", now));
        Assert.Equal(TimeSpan.FromSeconds(30), Read("Thu Jan  1 00:00:30 2026", now));
        Assert.Equal(TimeSpan.Zero, Read("Wed, 01 Jan 2025 00:00:30 GMT", now));
        Assert.Equal(TimeSpan.FromSeconds(7), Read(" 7 ", now));
        Assert.Equal(TimeSpan.FromSeconds(int.MaxValue), Read("99999999999999", now));
        foreach (string? none in (string?[])[null, "", "soon", "1.5", "-5", "2026-01-01T00:00:30Z", "٣"])
        {
            Assert.Null(Read(none, now));
        }
        RetryPolicy policy = RetryPolicy.Default;
        Assert.Equal(TimeSpan.FromSeconds(30), policy.Delay(1, TimeSpan.FromSeconds(30), 0));
        Assert.Equal(TimeSpan.FromMinutes(2), policy.Delay(1, TimeSpan.FromHours(1), 0));
        Assert.Equal(TimeSpan.FromSeconds(0.5), policy.Delay(1, TimeSpan.Zero, 0));
        Assert.Equal(TimeSpan.FromSeconds(4), policy.Delay(4, TimeSpan.FromSeconds(1), 0));
        Assert.Equal(TimeSpan.FromSeconds(4), policy.Delay(4, null, 0));
        Assert.Equal(TimeSpan.FromSeconds(30), policy.Delay(40, null, 0));
    }

    [Theory]
    [InlineData(0.0)] // "Retry-After: 0"
    [InlineData(-3600.0)] // a date by a clock an hour behind ours, with the Date of that clock
    public void REG_07_A_registry_that_asks_for_no_wait_is_not_asked_six_times_at_once(double offset)
    {
        string date = DateTimeOffset.UtcNow.AddSeconds(offset).ToString("R", CultureInfo.InvariantCulture);
        _f.Registry.Script = (_, _) => Answer.Text(503, "", ("Date", date), ("Retry-After", offset == 0 ? "0" : date));
        _ = _f.Fails();
        Assert.Equal(3, _f.Waits.Count);
        Assert.All(_f.Waits, w => Assert.True(w >= TimeSpan.FromSeconds(0.5)));
    }

    [Fact]
    public void REG_07_A_date_is_read_by_the_clock_of_the_registry()
    {
        _f.Registry.Image("t", "amd64", _a);
        DateTimeOffset there = DateTimeOffset.UtcNow.AddHours(-5);
        (string, string)[] headers =
        [
            ("Date", there.ToString("R", CultureInfo.InvariantCulture)),
            ("Retry-After", there.AddSeconds(40).ToString("R", CultureInfo.InvariantCulture)),
        ];
        _f.Registry.Script = (_, n) => n == 1 ? Answer.Text(429, "", headers) : null;
        _ = _f.Pull();
        Assert.Equal(TimeSpan.FromSeconds(40), _f.Waits.First());
    }

    [Fact]
    public void REG_07_A_registry_that_asks_for_hours_is_not_waited_for()
    {
        _f.Registry.Script = (_, _) => Answer.Text(429, "", ("Retry-After", "7200"));
        Assert.Contains("120 minutes", _f.Fails(), StringComparison.Ordinal);
        Assert.Empty(_f.Waits);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1_000_000_000_000, false)]
    [InlineData(-1, false)]
    [InlineData(1, true)]
    [InlineData(-1, true)]
    public void A_blob_of_another_size_than_its_descriptor_says_is_not_asked_for_again_and_again(long more, bool chunked)
    {
        Descriptor layer = _f.Registry.Blob(MediaTypes.OciLayer, _a);
        Descriptor config = _f.Registry.Blob(
            MediaTypes.OciConfig,
            System.Text.Encoding.UTF8.GetBytes(
                $$"""{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["{{layer.Digest}}"] } }"""
            )
        );
        string manifest =
            $$"""{"schemaVersion":2,"config":{{FakeRegistry.Json(config)}},"layers":[{{FakeRegistry.Json(layer with { Size = layer.Size + more })}}]}""";
        _f.Registry.Manifest(MediaTypes.OciManifest, manifest, "t");
        _f.Registry.Script = (r, _) => chunked && IsBlob(r, _a) ? new Answer(200, _a) { Chunked = true } : null;
        string message = _f.Fails();
        Assert.Contains($"{layer.Size + more} in the manifest", message, StringComparison.Ordinal);
        Assert.True(_f.Registry.Log.Count(r => IsBlob(r, _a)) <= (chunked ? 2 : 1), message);
        // and the next pull, which has bytes already, fails as soon
        _f.Registry.Log.Clear();
        _ = _f.Fails();
        Assert.True(_f.Registry.Log.Count(r => IsBlob(r, _a)) <= 3);
    }

    [Fact]
    public void What_is_public_is_pulled_where_a_login_cannot_be_looked_up()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) =>
            r.Path.StartsWith("/token", StringComparison.Ordinal) ? Answer.Text(200, """{"token":"T"}""")
            : r["authorization"] is null
                ? Answer.Text(401, "", ("WWW-Authenticate", $"Bearer realm=\"http://{_f.Registry.Authority}/token\",service=\"s\""))
            : null;
        _f.FindCredential = _ => throw new SkiffException("the helper x is not in PATH");
        _ = _f.Pull();
        Assert.Contains("helper x", Assert.Single(_f.Events.OfType<PullNote>()).Text, StringComparison.Ordinal);

        _f.Registry.Script = (_, _) => Answer.Text(401, "", ("WWW-Authenticate", "Basic realm=\"r\""));
        Assert.Contains(
            "wants a login",
            Assert.Throws<SkiffException>(() => _f.Pull(_f.Registry.Reference("u"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "helper x",
            Assert.Throws<SkiffException>(() => _f.Pull(_f.Registry.Reference("u"))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void REG_07_Too_many_requests_for_ever_is_reported_as_that()
    {
        _f.Registry.Script = (_, _) => Answer.Text(429, """{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}""");
        string message = _f.Fails();
        Assert.Contains("429", message, StringComparison.Ordinal);
        Assert.Contains("slow down", message, StringComparison.Ordinal);
        Assert.Equal(3, _f.Waits.Count);
        Assert.True(_f.Waits.First() < _f.Waits.Last());
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public void REG_08_A_server_error_is_tried_again(int status)
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (_, n) => n == 1 ? Answer.Text(status, "") : null;
        _ = _f.Pull();
    }

    [Fact]
    public void REG_08_A_cut_body_goes_on_where_it_stopped()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) => IsBlob(r, _a) && n == 1 ? new Answer(200, _a) { CutAfter = 100_000 } : null;
        _ = _f.Pull();
        Assert.Equal("bytes=100000-", _f.Registry.Log.Last(r => IsBlob(r, _a))["range"]);
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
    }

    [Fact]
    public void REG_08_A_200_to_a_Range_starts_again_from_the_first_byte()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) =>
            !IsBlob(r, _a) ? null
            : n == 1 ? new Answer(200, _a) { CutAfter = 100_000 }
            : new Answer(200, _a);
        _ = _f.Pull();
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
    }

    [Theory]
    [InlineData("bytes 90000-299999/300000")]
    [InlineData("bytes 0-299999/300000")]
    [InlineData("items 100000-299999/300000")]
    [InlineData("nonsense")]
    public void REG_08_A_wrong_Content_Range_is_not_appended(string contentRange)
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) =>
            !IsBlob(r, _a) ? null
            : n == 1 ? new Answer(200, _a) { CutAfter = 100_000 }
            : r["range"] is null ? null
            : new Answer(206, _a[90_000..], ("Content-Range", contentRange));
        _ = _f.Pull();
        Assert.Equal(_a, _f.Store.Layers[Digest.Of(_a)]);
    }

    [Fact]
    public void REG_08_A_cut_connection_before_any_answer_is_tried_again()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) => IsBlob(r, _a) && n <= 2 ? new Answer(200, []) { CutAfter = -1 } : null;
        _ = _f.Pull();
    }

    [Fact]
    public void REG_08_A_body_that_is_cut_for_ever_fails_and_the_next_pull_goes_on_at_the_byte()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) =>
            !IsBlob(r, _a) ? null
            : n == 1 ? new Answer(200, _a) { CutAfter = 120_000 }
            : Answer.Text(503, "");
        Assert.Contains("next pull goes on", _f.Fails(), StringComparison.Ordinal);
        _f.Registry.Script = (_, _) => null;
        _f.Registry.Log.Clear();
        _ = _f.Pull();
        Assert.Equal("bytes=120000-", Assert.Single(_f.Registry.Log, r => IsBlob(r, _a))["range"]);
    }

    [Fact]
    public void A_stalled_body_times_out_and_goes_on()
    {
        _f.Retry = _f.Retry with { StallTimeout = TimeSpan.FromMilliseconds(300) };
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, n) => IsBlob(r, _a) && n == 1 ? new Answer(200, _a) { StallAfter = 100_000 } : null;
        _ = _f.Pull();
        Assert.Equal("bytes=100000-", _f.Registry.Log.Last(r => IsBlob(r, _a))["range"]);
    }

    [Fact]
    public void REG_10_A_blob_of_the_right_length_and_wrong_bytes_fails_and_a_good_registry_heals_it()
    {
        _f.Registry.Image("t", "amd64", _a);
        byte[] wrong = [.. _a];
        wrong[7] ^= 1;
        _f.Registry.Script = (r, _) => IsBlob(r, _a) ? new Answer(200, wrong) : null;
        _ = _f.Fails();
        _f.Registry.Script = (_, _) => null;
        _ = _f.Pull();
    }

    [Fact]
    public void REG_10_A_blob_longer_than_its_descriptor_is_refused()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) => IsBlob(r, _a) ? new Answer(200, [.. _a, 1]) { Chunked = true } : null;
        Assert.Contains("300000 in the manifest", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void REG_10_A_config_with_wrong_bytes_is_refused()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) =>
            r.Path.Contains("/blobs/", StringComparison.Ordinal) && !IsBlob(r, _a)
                ? new Answer(200, new byte[_f.Registry.Usual(r).Body.Length])
                : null;
        Assert.Contains("damaged or forged", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void REG_10_A_manifest_pinned_by_digest_with_other_bytes_is_refused()
    {
        Descriptor manifest = _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) => Answer.Text(200, "{}");
        Assert.Contains(
            "damaged or forged",
            _f.Fails(Reference.Parse($"{_f.Registry.Authority}/img@{manifest.Digest}")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void REG_10_A_lying_Docker_Content_Digest_is_refused()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Registry.Script = (r, _) =>
            r.Path.EndsWith("/t", StringComparison.Ordinal)
                ? new Answer(200, _f.Registry.Manifests["t"].Bytes, ("Docker-Content-Digest", Digest.Of([1]).ToString()))
                : null;
        Assert.Contains("damaged or forged", _f.Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public void REG_13_Chunked_bodies_and_a_Content_Encoding_of_gzip_leave_the_bytes_as_they_are()
    {
        byte[] gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        _f.Registry.Image("t", "amd64", gzip, _a);
        _f.Registry.Script = (r, _) =>
            _f.Registry.Usual(r) is { Status: 200 } usual
                ? usual with
                {
                    Chunked = true,
                    Headers = [.. usual.Headers, ("Content-Encoding", "gzip")],
                }
                : null;
        _ = _f.Pull();
        Assert.Equal(gzip, _f.Store.Layers[Digest.Of(gzip)]);
        Assert.All(_f.Registry.Log, r => Assert.Equal("identity", r["accept-encoding"]));
    }

    [Fact]
    public void LIFE_03_Eight_pulls_at_once_fetch_each_blob_once()
    {
        _f.Registry.Image("t", "amd64", _a, _b);
        Exception? failure = null;
        Thread[] threads =
        [
            .. Enumerable
                .Range(0, 8)
                .Select(i => new Thread(() =>
                {
                    try
                    {
                        Assert.NotNull(_f.Pull());
                    }
                    catch (SkiffException e)
                    {
                        failure = e;
                    }
                })),
        ];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.Null(failure);
        Assert.Single(_f.Registry.Log, r => IsBlob(r, _a));
        Assert.Single(_f.Registry.Log, r => IsBlob(r, _b));
        Assert.Equal(3, _f.Registry.Requests("/blobs/").Count());
    }

    [Fact]
    public void LIFE_05_A_full_disk_is_named_and_the_space_given_back()
    {
        _f.Registry.Image("t", "amd64", _a);
        _f.Store.FailIngest = new LinuxException("write", "/var/lib/skiff/ingest/x", Errno.ENOSPC);
        Assert.Contains("no space", _f.Fails(), StringComparison.Ordinal);
        Assert.True(_f.Store.Discarded);
    }

    [Fact]
    public void A_layer_that_is_in_an_image_twice_is_fetched_once()
    {
        _f.Registry.Image("t", "amd64", _a, _b, _a);
        _ = _f.Pull();
        Assert.Single(_f.Registry.Log, r => IsBlob(r, _a));
    }

    [Fact]
    public void Events_are_lines_of_JSON()
    {
        _f.Registry.Image("t", "amd64", _a);
        _ = _f.Pull();
        List<string> kinds = [];
        foreach (PullEvent happened in _f.Events)
        {
            byte[] line = PullEventJson.Line(happened);
            Assert.Equal((byte)'\n', line[^1]);
            using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(line);
            kinds.Add(document.RootElement.GetProperty("event").GetString()!);
        }
        Assert.Equal("resolved", kinds[0]);
        Assert.Equal("done", kinds[^1]);
        Assert.Contains("downloaded", kinds);
        Assert.Contains("unpacked", kinds);
        Assert.Contains("layerDone", kinds);
    }

    [Fact]
    public void An_endless_manifest_is_cut_off()
    {
        _f.Registry.Script = (_, _) => new Answer(200, new byte[ImageManifest.MaxBytes + 1]) { Chunked = true };
        Assert.Contains("more than the", _f.Fails(), StringComparison.Ordinal);
    }
}
