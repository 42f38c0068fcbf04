using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Ways to a registry: mirrors, certificates, logins by helper, a proxy, all tags.</summary>
public sealed class RegistryAccessTests : IDisposable
{
    private readonly SkiffHost _host = new();
    private readonly string _home = Workspace.NewDirectory("home");
    private readonly List<RealRegistry> _registries = [];

    public void Dispose()
    {
        foreach (RealRegistry registry in _registries)
        {
            registry.Dispose();
        }
        _host.Dispose();
    }

    private RealRegistry Registry(int port, bool log = false, bool tls = false, bool password = false, string? clientCertificate = null)
    {
        RealRegistry registry = new(_host.Net, Workspace.NewDirectory("store"), password, tls, port, log, clientCertificate);
        _registries.Add(registry);
        return registry;
    }

    private void Settings(string toml)
    {
        Directory.CreateDirectory($"{_home}/.config/skiff");
        File.WriteAllText($"{_home}/.config/skiff/skiff.toml", toml);
    }

    private CommandResult Skiff(params string[] arguments) => With([], arguments);

    private CommandResult With((string Name, string Value)[] environment, params string[] arguments)
    {
        Dictionary<string, string?> variables = new(StringComparer.Ordinal) { ["HOME"] = _home };
        foreach ((string name, string value) in environment)
        {
            variables[name] = value;
        }
        using RunningCommand running = _host.Start(variables, arguments);
        running.CloseInput();
        return running.WaitForExit();
    }

    [Fact]
    public void A_mirror_is_asked_first_and_the_image_keeps_its_own_name()
    {
        RealRegistry origin = Registry(5000, log: true);
        RealRegistry mirror = Registry(5001, log: true);
        mirror.Client.Push(TestImages.Layered.Built, "cache/layered", "1");
        Settings($"[registry.\"{origin.Address}\"]\nmirrors = [\"http://{mirror.Address}/cache\"]\n");
        Skiff("pull", $"{origin.Address}/layered:1").Succeeded();
        Assert.Equal($"{origin.Address}/layered:1", Skiff("images", "--format", "{{.Repository}}:{{.Tag}}").Succeeded().Text);
        Assert.DoesNotContain(origin.Requests, r => r.Contains("layered", StringComparison.Ordinal));
        Assert.Equal(
            3,
            mirror.Requests.Count(r =>
                r.StartsWith("GET", StringComparison.Ordinal)
                && TestImages.Layered.Built.Layers.Any(l => r.Contains(l.Digest, StringComparison.Ordinal))
            )
        );
    }

    [Fact]
    public void A_mirror_that_is_down_or_has_it_not_is_passed_over_with_a_line()
    {
        RealRegistry origin = Registry(5000);
        RealRegistry empty = Registry(5001);
        origin.Client.Push(TestImages.Busybox.Built, "busybox", "1");
        Settings($"[registry.\"{origin.Address}\"]\nmirrors = [\"127.0.0.1:1\", \"{empty.Address}\"]\n");
        CommandResult pulled = Skiff("pull", $"{origin.Address}/busybox:1").Succeeded();
        Assert.Contains("the mirror 127.0.0.1:1 is passed over", pulled.Output, StringComparison.Ordinal);
        Assert.Contains($"the mirror {empty.Address} is passed over", pulled.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_registry_with_a_certificate_of_its_own_is_trusted_by_certs_d_or_by_the_settings()
    {
        RealRegistry registry = Registry(5003, tls: true);
        registry.Client.Push(TestImages.Busybox.Built, "busybox", "1");
        string name = $"{registry.Address}/busybox:1";
        Skiff("pull", "-q", name).ExitedWith(1).Complained("certs.d");
        Settings($"[registry.\"{registry.Address}\"]\ntls-verify = false\n");
        Skiff("pull", "-q", name).Succeeded();
        Skiff("rmi", name).Succeeded();

        Settings("");
        Directory.CreateDirectory($"{_home}/.config/skiff/certs.d/{registry.Address}");
        File.Copy(registry.CertificatePath, $"{_home}/.config/skiff/certs.d/{registry.Address}/ca.crt");
        Skiff("pull", "-q", name).Succeeded();
    }

    [Fact]
    public void A_registry_that_wants_a_client_certificate_gets_the_one_of_certs_d()
    {
        string own = Workspace.NewDirectory("client");
        RealRegistry.WriteCertificate(own);
        using (RealRegistry open = new(_host.Net, Workspace.NewDirectory("store"), port: 5005))
        {
            open.Client.Push(TestImages.Busybox.Built, "busybox", "1");
            _registries.Add(new RealRegistry(_host.Net, open.Storage, tls: true, port: 5004, clientCertificate: $"{own}/cert.pem"));
        }
        RealRegistry registry = _registries[0];
        string name = $"{registry.Address}/busybox:1";
        string directory = Directory.CreateDirectory($"{_home}/.config/skiff/certs.d/{registry.Address}").FullName;
        File.Copy(registry.CertificatePath, $"{directory}/ca.crt");
        Skiff("pull", "-q", name).ExitedWith(1);
        File.Copy($"{own}/cert.pem", $"{directory}/client.cert");
        File.Copy($"{own}/key.pem", $"{directory}/client.key");
        Skiff("pull", "-q", name).Succeeded();
    }

    [Fact]
    public void A_login_is_kept_with_and_asked_from_the_credential_helper_that_the_file_names()
    {
        RealRegistry registry = Registry(5000, password: true);
        registry.Client.Push(TestImages.Busybox.Built, "private/busybox", "1");
        string bin = Workspace.NewDirectory("bin");
        File.WriteAllText(
            $"{bin}/docker-credential-shelf",
            $"#!/bin/sh\ncase $1 in store) cat >{bin}/kept ;; get) cat >/dev/null; cat {bin}/kept ;; erase) rm -f {bin}/kept ;; esac\n"
        );
        File.SetUnixFileMode($"{bin}/docker-credential-shelf", (UnixFileMode)0x1ED);
        Directory.CreateDirectory($"{_home}/.docker");
        File.WriteAllText($"{_home}/.docker/config.json", $"{{\"credHelpers\":{{\"{registry.Address}\":\"shelf\"}}}}");
        (string, string)[] path = [("PATH", $"{bin}:/usr/sbin:/usr/bin:/sbin:/bin")];
        string name = $"{registry.Address}/private/busybox:1";

        With(path, "pull", "-q", name).ExitedWith(1).Complained("skiff login");
        With(path, "login", "-u", RealRegistry.User, "-p", "wrong", registry.Address).ExitedWith(1);
        With(path, "login", "-u", RealRegistry.User, "-p", RealRegistry.Password, registry.Address).Succeeded();
        Assert.Contains(RealRegistry.Password, File.ReadAllText($"{bin}/kept"), StringComparison.Ordinal);
        Assert.DoesNotContain(RealRegistry.Password, File.ReadAllText($"{_home}/.docker/config.json"), StringComparison.Ordinal);
        With(path, "pull", "-q", name).Succeeded();
        With(path, "logout", registry.Address).Succeeded();
        Assert.False(File.Exists($"{bin}/kept"));
    }

    [Fact]
    public void A_proxy_of_the_environment_is_used_for_others_and_never_for_this_machine()
    {
        // a registry takes requests with a whole address, as a proxy gets them
        RealRegistry registry = Registry(5000, log: true);
        registry.Client.Push(TestImages.Busybox.Built, "busybox", "1");
        Settings("[registry.\"never.invalid\"]\nmirrors = [\"http://mirror.invalid\"]\n");
        (string, string)[] proxy = [("HTTP_PROXY", $"http://{registry.Address}"), ("http_proxy", $"http://{registry.Address}")];
        With(proxy, "pull", "-q", "never.invalid/busybox:1").Succeeded();
        With([("http_proxy", "http://127.0.0.1:1")], "pull", "-q", $"{registry.Address}/busybox:1").Succeeded();
    }

    [Fact]
    public void All_tags_are_pulled_and_a_tag_with_them_is_refused()
    {
        RealRegistry registry = Registry(5000);
        registry.Client.Push(TestImages.Busybox.Built, "both", "one");
        registry.Client.Push(TestImages.Layered.Built, "both", "two");
        Skiff("pull", "-a", $"{registry.Address}/both:one").ExitedWith(1).Complained("tag can't be used with --all-tags");
        Skiff("pull", "-a", $"{registry.Address}/both").Succeeded();
        Assert.Equal(["one", "two"], Skiff("images", "--format", "{{.Tag}}").Succeeded().Lines.Order());
    }

    [Fact]
    public void A_mistake_in_the_settings_is_named_with_its_line()
    {
        Settings("[registry.\"x:5000\"]\nmirror = []\n");
        Skiff("pull", "x:5000/y:1").ExitedWith(1).Complained("skiff.toml, line 2: mirror is not known");
        Settings("[registry.\"x:5000\"\n");
        Skiff("pull", "x:5000/y:1").ExitedWith(1).Complained("is not valid TOML");
        Skiff("info").Succeeded();
    }

    [Fact]
    public void Info_tells_the_registries_as_docker_does()
    {
        const string Format = "{{range $n, $r := .RegistryConfig.IndexConfigs}}{{$n}} {{$r.Official}} {{$r.Secure}} {{$r.Mirrors}};{{end}}";
        Assert.Equal("docker.io true true [];", Skiff("info", "-f", Format).Succeeded().Text);
        Settings("[registry.\"x:5000\"]\ntls-verify = false\nmirrors = [\"m:1/p\"]\n");
        Assert.Equal("docker.io true true [];x:5000 false false [m:1/p];", Skiff("info", "-f", Format).Succeeded().Text);
    }
}
