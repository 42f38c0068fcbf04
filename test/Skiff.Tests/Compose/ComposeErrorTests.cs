using Skiff.Compose.Loading;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Compose;

/// <summary>What is wrong with a file is one sentence with its line.</summary>
public sealed class ComposeErrorTests
{
    [Theory]
    [InlineData("prots: [\"80:80\"]", "compose.yaml:4: services.a.prots: there is no such key, did you mean ports?")]
    [InlineData("image: 5", "compose.yaml:4: the key image is here twice, first in line 3")]
    [InlineData("hostname: 5", "compose.yaml:4: services.a.hostname: expected a text, not 5; write \"5\" in quotes")]
    [InlineData(
        "ports: [\"80:x\"]",
        "compose.yaml:4: the port \"80:x\" is not [[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL], with ranges of equal length"
    )]
    [InlineData(
        "ports: [\"80-82:80-81\"]",
        "compose.yaml:4: the port \"80-82:80-81\" is not [[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL], with ranges of equal length"
    )]
    [InlineData("ports: 80", "compose.yaml:4: services.a.ports: expected a list, not 80")]
    [InlineData("privileged: maybe", "compose.yaml:4: services.a.privileged: \"maybe\" is not true or false")]
    [InlineData("mem_limit: lots", "compose.yaml:4: services.a.mem_limit: \"lots\" is not a size such as 64m")]
    [InlineData("stop_grace_period: 5", "compose.yaml:4: services.a.stop_grace_period: expected a duration such as 1m30s, not 5")]
    [InlineData("environment: [=x]", "compose.yaml:4: services.a.environment: \"=x\" has no name before the =")]
    [InlineData("environment: {A: [1]}", "compose.yaml:4: services.a.environment.A: expected a text or a number, not a list")]
    [InlineData("networks: [other]", "compose.yaml:4: service \"a\" refers to undefined network other")]
    [InlineData("volumes: [\"nowhere:/x\"]", "compose.yaml:4: service \"a\" refers to undefined volume nowhere")]
    [InlineData("volumes: [\"a:b:c:d\"]", "compose.yaml:4: the volume \"a:b:c:d\" is not [SOURCE:]TARGET[:OPTIONS]")]
    [InlineData(
        "volumes: [\"/a:/b:fast\"]",
        "compose.yaml:4: the volume \"/a:/b:fast\" has the unknown option fast: ro, rw, z, Z, nocopy and the propagations are known"
    )]
    [InlineData("secrets: [pass]", "compose.yaml:4: service \"a\" refers to undefined secret pass")]
    [InlineData("depends_on: [b]", "compose.yaml:4: service \"a\" depends on undefined service \"b\"")]
    [InlineData(
        "depends_on: {a: {condition: later}}",
        "compose.yaml:4: services.a.depends_on.a.condition: \"later\" is not one of service_started, service_healthy, service_completed_successfully"
    )]
    [InlineData("depends_on: {a: {}}", "compose.yaml:4: services.a.depends_on.a: the key condition is missing")]
    [InlineData("depends_on: [a]", "dependency cycle detected: a -> a")]
    [InlineData("command: \"x 'y\"", "compose.yaml:4: services.a.command: the quote ' at character 3 is not closed")]
    [InlineData("command: ${X", "compose.yaml:4: services.a.command: \"${X\": a ${ has no }")]
    [InlineData("command: ${X:?say it}", "compose.yaml:4: services.a.command: required variable X is missing a value: say it")]
    [InlineData(
        "command: $1",
        "compose.yaml:4: services.a.command: \"$1\": a $ is followed by a name, by {, or by another $ to stand for itself"
    )]
    [InlineData("extends: b", "compose.yaml:4: cannot extend service \"a\" in compose.yaml: service \"b\" not found")]
    [InlineData("extends: a", "compose.yaml:4: services.a.extends: the service extends itself in a circle")]
    [InlineData("extends: {file: x.yaml, service: b}", "compose.yaml:4: services.a.extends: there is no file /projects/app/x.yaml")]
    [InlineData("env_file: [x.env]", "compose.yaml:4: services.a.env_file: env file /projects/app/x.env not found")]
    [InlineData(
        "cpus: 2\ndeploy: {resources: {limits: {cpus: 1}}}",
        "compose.yaml:4: services.a: can't set distinct values on 'cpus' and 'deploy.resources.limits.cpus'"
    )]
    [InlineData(
        "container_name: x\nscale: 2",
        "compose.yaml:4: services.a: can't set container_name and a scale of 2: container name must be unique"
    )]
    [InlineData("network_mode: host\nnetworks: [n]", "compose.yaml:4: service a declares mutually exclusive `network_mode` and `networks`")]
    [InlineData("labels: *x", "compose.yaml:4: there is no anchor &x before the alias *x")]
    public void A_wrong_service_is_refused_with_its_line(string lines, string message) =>
        Assert.Equal(message, Assert.Throws<SkiffException>(() => ComposeFiles.Service(lines)).Message);

    [Theory]
    [InlineData("services: [a]", "compose.yaml:1: services: expected a mapping, not a list")]
    [InlineData("service: {}", "compose.yaml:1: service: there is no such key, did you mean services?")]
    [InlineData("services:\n  a: {}\n", "compose.yaml:2: service \"a\" has neither an image nor a build context specified")]
    [InlineData("services:\n  \"a b\": {image: x}\n", "compose.yaml:2: services.a b: a name has letters, digits and . _ - only")]
    [InlineData("", "compose.yaml: empty compose file")]
    [InlineData("include: [none.yaml]", "compose.yaml:1: include: there is no file /projects/app/none.yaml")]
    [InlineData("include: [compose.yaml]", "compose.yaml:1: include: compose.yaml includes itself in a circle")]
    [InlineData("a: &a [*a]", "compose.yaml:1: the alias *a is inside of what it names")]
    [InlineData(
        "name: Big\nservices: {a: {image: b}}",
        "invalid project name \"Big\": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
    )]
    public void A_wrong_file_is_refused_with_its_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<SkiffException>(() => ComposeFiles.Load(text)).Message);

    [Theory]
    [InlineData("services:\n\t a: b")]
    [InlineData("a: [1")]
    [InlineData("a: 'b")]
    [InlineData("- a\nb: c")]
    [InlineData("a: b: c")]
    [InlineData("%YAML 3.0\n---\na: b")]
    [InlineData("? [a, b]\n: c")]
    public void What_is_not_YAML_is_refused_with_its_line(string text) =>
        Assert.StartsWith("compose.yaml:", Assert.Throws<SkiffException>(() => ComposeFiles.Load(text)).Message);

    [Fact]
    public void Aliases_that_multiply_are_stopped()
    {
        string text = "x-a: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
        for (int i = 1; i < 12; i++)
        {
            text += $"x-{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n";
        }
        Assert.Contains("this is no compose file", Assert.Throws<SkiffException>(() => ComposeFiles.Load(text)).Message);
    }

    [Fact]
    public void Endless_nesting_is_stopped() =>
        Assert.Contains(
            "more than 100 levels",
            Assert.Throws<SkiffException>(() => ComposeFiles.Load("x-a: " + new string('[', 500) + new string(']', 500))).Message
        );

    [Fact]
    public void A_project_without_files_says_where_it_looked() =>
        Assert.StartsWith(
            "no compose file: neither /projects/app nor a directory above it has",
            Assert.Throws<SkiffException>(() => ProjectLoader.Load(new ComposeFiles().Request)).Message
        );

    [Fact]
    public void Included_services_are_not_overridden() =>
        Assert.Equal(
            "compose.yaml:3: services.b conflicts with imported resource: other.yaml:1 says something else, and what is included cannot be overridden",
            Assert
                .Throws<SkiffException>(() =>
                    ProjectLoader.Load(
                        new ComposeFiles()
                            .File("compose.yaml", "include: [other.yaml]\nservices:\n  b: {image: mine}\n")
                            .File("other.yaml", "services: {b: {image: theirs}}\n")
                            .Request
                    )
                )
                .Message
        );
}
