using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Compose.Planning;
using Skiff.Compose.Running;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Compose;

/// <summary>From what is wanted and what is there to steps with reasons.</summary>
public sealed class PlannerTests
{
    private const string Two = """
        services:
          web: {image: web, depends_on: [db]}
          db: {image: db, volumes: ["data:/data"]}
        volumes: {data: {}}
        """;

    [Fact]
    public void Everything_is_made_in_the_order_of_dependencies() =>
        Assert.Equal(
            """
            0 CreateNetwork app_default: used by db, web
            1 CreateVolume app_data: used by db
            2 Create app-db-1: it is not there <0,1>
            3 Create app-web-1: it is not there <0,1,2>
            """,
            Plan(Two)
        );

    [Fact]
    public void What_is_as_it_should_be_stays() =>
        Assert.Equal(
            """
            0 Keep app-db-1: it runs as it should
            1 Keep app-web-1: it runs as it should
            """,
            Plan(Two, r => Complete(r, "db", "web"))
        );

    [Fact]
    public void What_has_changed_is_made_anew_and_nothing_else() =>
        Assert.Equal(
            """
            0 Recreate app-db-1: its configuration has changed
            1 Keep app-web-1: it runs as it should
            """,
            Plan(
                Two,
                r => Complete(r, "db", "web") with { Containers = [Container("db", 1, hash: "old"), Container("web", 1, HashOf(r, "web"))] }
            )
        );

    [Fact]
    public void Who_restarts_with_a_dependency_does_when_that_is_made_anew() =>
        Assert.Equal(
            """
            0 Recreate app-db-1: its configuration has changed
            1 Restart app-web-1: db is made anew (depends_on: restart) <0>
            """,
            Plan(
                "services:\n  web: {image: web, depends_on: {db: {condition: service_started, restart: true}}}\n  db: {image: db}\n",
                r => Complete(r, "db", "web") with { Containers = [Container("db", 1, hash: "old"), Container("web", 1, HashOf(r, "web"))] }
            )
        );

    [Fact]
    public void Who_shares_a_namespace_is_made_anew_with_its_owner() =>
        Assert.Equal(
            """
            0 Recreate app-db-1: its configuration has changed
            1 Recreate app-web-1: it shares what belongs to a container of db, which is made anew <0>
            """,
            Plan(
                "services:\n  web: {image: web, network_mode: 'service:db'}\n  db: {image: db}\n",
                r => Complete(r, "web") with { Containers = [Container("db", 1, "old"), Container("web", 1, HashOf(r, "web"))] }
            )
        );

    [Fact]
    public void Another_image_is_a_reason() =>
        Assert.Contains(
            "Recreate app-db-1: the image db is another one now",
            Plan(Two, r => Complete(r, "db", "web") with { ImageId = static name => name == "db" ? "sha256:other" : "sha256:" + name })
        );

    [Fact]
    public void A_stopped_container_is_started() =>
        Assert.Contains(
            "Start app-db-1: it does not run",
            Plan(
                Two,
                r =>
                    Complete(r, "web") with
                    {
                        Containers = [Container("db", 1, HashOf(r, "db"), ContainerStatus.Exited), Container("web", 1, HashOf(r, "web"))],
                    }
            )
        );

    [Fact]
    public void Health_is_waited_for_once() =>
        Assert.Equal(
            """
            0 CreateNetwork app_default: used by a, b, db
            1 Create app-db-1: it is not there <0>
            2 AwaitHealthy db: a needs it healthy <1>
            3 Create app-a-1: it is not there <0,2>
            4 Create app-b-1: it is not there <0,2>
            """,
            Plan(
                """
                services:
                  a: {image: a, depends_on: {db: {condition: service_healthy}}}
                  b: {image: b, depends_on: {db: {condition: service_healthy}}}
                  db: {image: db}
                """
            )
        );

    [Fact]
    public void Too_many_go_from_the_end_and_too_few_are_filled_in()
    {
        const string Three = "services:\n  a: {image: a, scale: 2, network_mode: none}\n";
        Assert.Equal(
            """
            0 Keep app-a-1: it runs as it should
            1 Keep app-a-3: it runs as it should
            2 Remove app-a-4: 2 of a are wanted
            """,
            Plan(Three, r => r with { Containers = [.. new[] { 1, 3, 4 }.Select(n => Container("a", n, HashOf(r, "a")))] })
        );
        Assert.Equal(
            """
            0 Keep app-a-2: it runs as it should
            1 Create app-a-1: 3 are wanted
            2 Create app-a-3: 3 are wanted
            """,
            Plan(
                Three,
                r =>
                    r with
                    {
                        Containers = [Container("a", 2, HashOf(r, "a"))],
                        Scale = new Dictionary<string, int> { ["a"] = 3 },
                    }
            )
        );
        Assert.Equal(
            "0 Remove app-a-1: 0 of a are wanted",
            Plan(
                Three,
                r =>
                    r with
                    {
                        Containers = [Container("a", 1, "x")],
                        Scale = new Dictionary<string, int> { ["a"] = 0 },
                    }
            )
        );
    }

    [Fact]
    public void Of_outdated_ones_and_others_the_outdated_go_first() =>
        Assert.Equal(
            """
            0 Keep app-a-2: it runs as it should
            1 Remove app-a-1: 1 of a are wanted
            """,
            Plan(
                "services:\n  a: {image: a, network_mode: none}\n",
                r => r with { Containers = [Container("a", 1, "old"), Container("a", 2, HashOf(r, "a"))] }
            )
        );

    [Fact]
    public void Orphans_are_removed_only_when_that_is_asked_for()
    {
        ObservedContainer gone = Container("gone", 1, "x");
        Assert.DoesNotContain("gone", Plan(Two, r => Complete(r, "db", "web") with { Containers = [gone] }));
        Assert.Contains(
            "Remove app-gone-1: the project has no service gone",
            Plan(Two, r => Complete(r, "db", "web") with { Containers = [gone], RemoveOrphans = true })
        );
    }

    [Fact]
    public void Named_services_bring_their_dependencies_unless_told_otherwise()
    {
        Assert.Contains("app-db-1", Plan(Two, static r => r with { Named = ["web"] }));
        Assert.DoesNotContain("app-db-1", Plan(Two, static r => r with { Named = ["web"], NoDependencies = true }));
        Assert.DoesNotContain("app-web-1", Plan(Two, static r => r with { Named = ["db"] }));
        Assert.Equal(
            "no such service: wbe, did you mean web?",
            Assert.Throws<SkiffException>(() => Plan(Two, static r => r with { Named = ["wbe"] })).Message
        );
    }

    [Fact]
    public void No_recreate_leaves_what_has_changed() =>
        Assert.Contains("Keep app-db-1", Plan(Two, static r => r with { NoRecreate = true, Containers = [Container("db", 1, "old")] }));

    [Theory]
    [InlineData("image: a", "", "Pull a: the image is not here")]
    [InlineData("image: a", "a", "")]
    [InlineData("image: a, pull_policy: always", "a", "Pull a: the pull policy is always")]
    [InlineData("image: a, pull_policy: never", "", "")]
    [InlineData("build: .", "", "Build app-s: the image is not here")]
    [InlineData("build: .", "app-s", "")]
    [InlineData("build: ., image: a, pull_policy: build", "a", "Build a: pull_policy is build")]
    public void Images_are_fetched_or_built_when_they_have_to_be(string service, string here, string expected)
    {
        Project project = ComposeFiles.Load($"services:\n  s: {{{service}}}\n");
        IReadOnlyList<Step> steps = UpPlanner.Images(Request(project) with { ImageId = name => name == here ? "sha256:x" : null });
        Assert.Equal(expected, string.Join('\n', steps.Select(static s => $"{s.Kind} {s.Subject}: {s.Why}")));
    }

    [Fact]
    public void The_end_comes_in_the_reverse_order()
    {
        ObservedContainer[] containers =
        [
            Container("db", 1, "", depends: ""),
            Container("web", 1, "", depends: "db:service_started:false"),
            Container("web", 2, "", depends: "db:service_started:false"),
        ];
        Assert.Equal(
            "Remove app-web-1 <>|Remove app-web-2 <>|Remove app-db-1 <0,1>",
            string.Join(
                '|',
                DownPlanner
                    .Plan(containers, StepKind.Remove, static _ => "")
                    .Select(static s => $"{s.Kind} {s.Subject} <{string.Join(',', s.After)}>")
            )
        );
    }

    [Theory]
    [InlineData("gpus: all", "services.a.gpus cannot be had: Skiff gives no GPUs")]
    [InlineData("credential_spec: {file: x}", "services.a.credential_spec cannot be had: it exists on Windows only")]
    [InlineData("storage_opt: {size: 1g}", "services.a.storage_opt cannot be had: Skiff does not limit the writable layer")]
    [InlineData("deploy: {mode: global}", "services.a.deploy.mode: global cannot be had: it matters to swarm only")]
    public void What_cannot_be_had_is_refused_by_name(string line, string message) =>
        Assert.Equal("compose.yaml:4: " + message, Assert.Throws<SkiffException>(() => Support.Check(ComposeFiles.Service(line))).Message);

    /// <summary>The directory of secrets is a mount of the engine's as soon as it keeps one of them.</summary>
    [Theory]
    [InlineData("[one]", "one bound")]
    [InlineData("[one, two]", "one kept|two kept")]
    [InlineData("[one, {source: one, target: /elsewhere, mode: 0400}]", "one bound|one kept")]
    [InlineData("[one, {source: one, target: other, uid: \"5\"}]", "one kept|one kept")]
    public void Secrets_are_mounted_from_the_host_or_all_kept(string uses, string expected)
    {
        Project project = ProjectLoader.Load(
            new ComposeFiles()
                .File(
                    "compose.yaml",
                    $"services:\n  a: {{image: i, secrets: {uses}}}\nsecrets: {{one: {{file: ./x}}, two: {{environment: HOME}}}}\n"
                )
                .Request
        );
        Assert.Equal(
            expected,
            string.Join('|', ProjectFile.Of(project, project.Find("a")!).Select(static f => $"{f.Source} {(f.IsBound ? "bound" : "kept")}"))
        );
    }

    [Fact]
    public void What_has_no_effect_is_said() =>
        Assert.Equal(
            [
                "compose.yaml:4: services.a.deploy.placement is ignored: it matters to swarm only",
                "compose.yaml:5: services.a.runtime is ignored: Skiff is the runtime",
            ],
            Support.Check(ComposeFiles.Service("deploy: {placement: {constraints: [x]}}\nruntime: kata"))
        );

    private static string Plan(string text, Func<UpRequest, UpRequest>? change = null)
    {
        UpRequest request = Request(ComposeFiles.Load(text));
        return string.Join(
            '\n',
            UpPlanner
                .Plan(change?.Invoke(request) ?? request)
                .Select(static s =>
                    $"{s.Index} {s.Kind} {s.Subject}: {s.Why}{(s.After.Count > 0 ? $" <{string.Join(',', s.After.Distinct().Order())}>" : "")}"
                )
        );
    }

    private static UpRequest Request(Project project) =>
        new()
        {
            Project = project,
            Containers = [],
            Networks = new HashSet<string>(),
            Volumes = new HashSet<string>(),
            ImageId = static name => "sha256:" + name,
        };

    /// <summary>With all networks and volumes, and containers that are as they should be.</summary>
    private static UpRequest Complete(UpRequest request, params string[] services) =>
        request with
        {
            Networks = new HashSet<string> { "app_default" },
            Volumes = new HashSet<string> { "app_data" },
            Containers = [.. services.Select(s => Container(s, 1, HashOf(request, s)))],
        };

    private static string HashOf(UpRequest request, string service) => ConfigHash.Of(request.Project.Find(service)!);

    private static ObservedContainer Container(
        string service,
        int number,
        string hash,
        ContainerStatus status = ContainerStatus.Running,
        string depends = ""
    ) =>
        new(
            new ContainerRecord
            {
                Id = $"{service}{number}",
                Name = $"app-{service}-{number}",
                Created = DateTimeOffset.UnixEpoch,
                ImageId = "sha256:" + service,
                Labels = new Dictionary<string, string>
                {
                    [Labels.Project] = "app",
                    [Labels.Service] = service,
                    [Labels.Number] = number.ToString(),
                    [Labels.OneOff] = "False",
                    [Labels.Hash] = hash,
                    [Labels.DependsOn] = depends,
                },
            },
            new ContainerState { Status = status }
        );
}
