using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Containers of a user's network find one another by name, and everything else by the host's servers.</summary>
public sealed class NameTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    /// <summary>The machines share a store, and so the networks in it.</summary>
    public void Dispose() => Machine.Forget(host);

    [Fact]
    public void NET_07_Names_aliases_ids_and_host_names_resolve_and_follow_what_happens()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "back").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "--ipv6=false", "front").Succeeded();
        Run(machine, "asker", "--network", "back", "--network", "front");
        Assert.Equal("", Addresses(machine, "asker", "web"));
        string id = Run(machine, "web", "--network", "name=back,alias=www,alias=Shared,ip=10.55.0.9", "--hostname", "box.example");
        foreach (string name in (string[])["web", "WEB", "www", "shared", id[..12], "box.example", "web.back", "web."])
        {
            Assert.Equal("10.55.0.9 fd55::9", Addresses(machine, "asker", name));
        }
        Assert.Equal("", Addresses(machine, "asker", "web.front"));
        Assert.Contains("name = web.back", Lookup(machine, "asker", "10.55.0.9"), StringComparison.Ordinal);
        Assert.Contains("name = web.back", Lookup(machine, "asker", "fd55::9"), StringComparison.Ordinal);
        // Of two with one alias both are found; by another network's containers neither.
        Run(machine, "other", "--network", "name=back,alias=shared,ip=10.55.0.10");
        Assert.Equal("10.55.0.10 10.55.0.9 fd55::9 fd55::a", Addresses(machine, "asker", "shared"));
        Run(machine, "stranger", "--network", "front");
        Assert.Equal("", Addresses(machine, "stranger", "web"));
        Assert.Equal("10.56.0.2", Addresses(machine, "stranger", "asker"));
        // One that ends is not found, and after a restart at its new address.
        machine.Run("stop", "-t", "0", "web").Succeeded();
        Assert.Equal("", Addresses(machine, "asker", "web"));
        Assert.Equal("10.55.0.10 fd55::a", Addresses(machine, "asker", "shared"));
        machine.Run("start", "web").Succeeded();
        Assert.Equal("10.55.0.9 fd55::9", Addresses(machine, "asker", "www"));
        machine.Run("rm", "-f", "asker", "web", "other", "stranger").Succeeded();
    }

    [Fact]
    public void NET_07_A_renamed_container_is_found_by_its_new_name_at_once_and_by_the_old_one_no_more()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--ipv6=false", "back").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "--ipv6=false", "front").Succeeded();
        Run(machine, "asker", "--network", "back");
        Run(machine, "web", "--network", "name=back,alias=www,ip=10.55.0.9", "--network", "front");
        foreach (
            (string old, string now) in ((string, string)[])[("web", "a-much-longer-name"), ("a-much-longer-name", "ab"), ("ab", "www")]
        )
        {
            machine.Run("rename", old, now).Succeeded();
            Assert.Equal("10.55.0.9", Addresses(machine, "asker", now));
            Assert.Equal("", Addresses(machine, "asker", old));
            Assert.Equal("10.55.0.9", Addresses(machine, "asker", "www"));
            Assert.Contains($"name = {now}.back", Lookup(machine, "asker", "10.55.0.9"), StringComparison.Ordinal);
        }
        // The lease is whole still: after a restart and a removal nothing of any name is left.
        machine.Run("restart", "-t", "0", "www").Succeeded();
        Assert.Equal("10.55.0.9", Addresses(machine, "asker", "www"));
        machine.Run("rm", "-f", "www").Succeeded();
        string names = Path.Combine(host.Runroot, "networks");
        Assert.DoesNotContain(
            Directory.EnumerateDirectories(names, "*", SearchOption.AllDirectories),
            static d => d.EndsWith("/www", StringComparison.Ordinal) || d.EndsWith("/ab", StringComparison.Ordinal)
        );
        machine.Run("rm", "-f", "asker").Succeeded();
    }

    [Fact]
    public void Other_names_go_to_the_hosts_servers_as_they_are_now_and_search_domains_stay()
    {
        using Machine machine = new(host);
        using NameServerOnHost first = new(machine.Net, "127.0.0.53");
        using NameServerOnHost second = new(machine.Net, "127.0.0.54");
        string resolv = Path.Combine(Workspace.NewDirectory("resolv"), "resolv.conf");
        File.WriteAllText(resolv, "nameserver 127.0.0.53\nsearch test\noptions edns0\n");
        machine.Run("network", "create", "back").Succeeded();
        machine.Run("network", "create", "--internal", "inside").Succeeded();
        UnderResolvConf(machine, resolv, "run", "-d", "--name", "asker", "--network", "back", machine.Busybox, "sleep", "1000");
        UnderResolvConf(machine, resolv, "run", "-d", "--name", "shut", "--network", "inside", machine.Busybox, "sleep", "1000");
        Assert.Equal(
            "nameserver 127.0.0.11\nsearch test\noptions edns0 ndots:0",
            machine.Run("exec", "asker", "cat", "/etc/resolv.conf").Succeeded().Text
        );
        Assert.Equal("192.0.2.77", Addresses(machine, "asker", "known.test"));
        Assert.Contains("NXDOMAIN", Lookup(machine, "asker", "nosuch.test"), StringComparison.Ordinal);
        // Through the library that programs use: a name without a dot with the search domain, a long answer over TCP.
        string getent = Probe.Compile(
            """
            #include <stdio.h>
            #include <string.h>
            #include <netinet/in.h>
            #include <sys/socket.h>
            #include <unistd.h>
            /* Asks over TCP, or UDP with a second word, and prints how many records came. */
            int main(int n, char **a) {
              struct sockaddr_in s = { .sin_family = AF_INET, .sin_port = htons(53) };
              unsigned char q[300] = { 0, 0, 1, 2, 1, 0, 0, 1 }, r[8192];
              s.sin_addr.s_addr = htonl(0x7f00000b);
              int l = 14;
              for (char *w = strtok(a[1], "."); w; w = strtok(0, ".")) { q[l++] = strlen(w); memcpy(q + l, w, strlen(w)); l += strlen(w); }
              q[l++] = 0; q[l + 1] = 1; q[l + 3] = 1; l += 4; q[1] = l - 2;
              int udp = n > 2, f = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
              if (connect(f, (void *)&s, sizeof s) || write(f, q + 2 * udp, l - 2 * udp) != l - 2 * udp) return 1;
              alarm(5);
              int got = 0, m;
              if (udp) { if ((m = read(f, r + 2, sizeof r - 2)) <= 0) return 2; }
              else while (got < 2 || got < 2 + r[0] * 256 + r[1]) { if ((m = read(f, r + got, sizeof r - got)) <= 0) return 2; got += m; }
              printf("%d records, code %d\n", r[8] * 256 + r[9], r[5] & 15);
              /* and port 53 is free for the container itself */
              for (int t = SOCK_STREAM; t <= SOCK_DGRAM; t++) {
                struct sockaddr_in o = { .sin_family = AF_INET, .sin_port = htons(53) };
                if (bind(socket(AF_INET, t, 0), (void *)&o, sizeof o)) return 3;
              }
              return 0;
            }
            """
        );
        machine.Run("cp", getent, "asker:/ask").Succeeded();
        machine.Run("cp", getent, "shut:/ask").Succeeded();
        Assert.Equal("100 records, code 0", machine.Run("exec", "asker", "/ask", "big.test").Succeeded().Text);
        Assert.Equal("1 records, code 0", machine.Run("exec", "asker", "/ask", "asker").Succeeded().Text);
        // Nothing of an internal network's questions leaves.
        int before = first.Questions;
        Assert.Equal("0 records, code 2", machine.Run("exec", "shut", "/ask", "known.test").Succeeded().Text);
        Assert.Contains("SERVFAIL", Lookup(machine, "shut", "known.test"), StringComparison.Ordinal);
        Assert.Equal(before, first.Questions);
        // A server that says nothing is a failure before the asker gives up, and the host's change of servers is seen at once.
        Assert.Equal("0 records, code 2", machine.Run("exec", "asker", "/ask", "silent.test", "udp").Succeeded().Text);
        Assert.Equal("0 records, code 2", machine.Run("exec", "asker", "/ask", "silent.test").Succeeded().Text);
        before = second.Questions;
        File.WriteAllText(resolv, "nameserver 127.0.0.54\n");
        Assert.Equal("192.0.2.77", Addresses(machine, "asker", "known.test"));
        Assert.True(second.Questions > before);
        File.WriteAllText(resolv, "nameserver 127.0.0.99\nnameserver 127.0.0.53\n");
        Assert.Equal("192.0.2.77", Addresses(machine, "asker", "known.test"));
        machine.Run("rm", "-f", "asker", "shut").Succeeded();
    }

    [Fact]
    public void Servers_of_dns_are_asked_from_the_container_itself()
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        using NameServerOnHost server = new(neighbour, "192.0.2.2");
        machine.Run("network", "create", "back").Succeeded();
        string text = machine
            .Run(
                "run",
                "--rm",
                "--network",
                "back",
                "--dns",
                "192.0.2.2",
                "--dns-search",
                "example.org",
                machine.Busybox,
                "sh",
                "-c",
                "nslookup known.test; cat /etc/resolv.conf"
            )
            .Succeeded()
            .Text;
        Assert.Contains("192.0.2.77", text, StringComparison.Ordinal);
        Assert.Contains("nameserver 127.0.0.11\nsearch example.org\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_foreground_container_is_found_and_finds_and_links_are_names_of_its_own()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "back").Succeeded();
        Run(machine, "web", "--network", "back", "--ip", "10.55.0.9");
        using RunningCommand shell = machine.Start(
            "run",
            "--rm",
            "--name",
            "front",
            "--network",
            "back",
            "--link",
            "web:database",
            machine.Busybox,
            "sh",
            "-c",
            "nslookup database; nslookup web; echo ready; sleep 1000"
        );
        shell.WaitForOutput("ready");
        Assert.Equal(2, shell.OutputSoFar.Split("10.55.0.9").Length - 1);
        Assert.Equal("10.55.0.2 fd55::2", Addresses(machine, "web", "front"));
        Assert.Equal("", Addresses(machine, "web", "database"));
        machine.Run("rm", "-f", "front", "web").Succeeded();
    }

    [Fact]
    public void LIFE_09_Names_come_back_with_the_next_monitor_when_one_is_killed()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "back").Succeeded();
        Run(machine, "web", "--network", "back");
        string[] monitors = [];
        Wait.Until(
            () =>
            {
                monitors = [.. ProcessTable.WithCommandLine(machine.Runroot).Where(l => l.Contains(" monitor ", StringComparison.Ordinal))];
                return monitors.Length == 1;
            },
            10,
            () => string.Join('\n', monitors)
        );
        string pid = monitors[0].Split(' ')[0];
        Tool.Run("kill", "-KILL", pid);
        // On a busy machine it takes a moment to die.
        Wait.Until(() => ProcessTable.Read($"/proc/{pid}/cmdline").Length == 0, 10, () => $"{pid} lives on");
        machine.Run("ps").Succeeded();
        machine.Run("exec", "web", "true").Succeeded(); // sees that nobody watches, and sees to it
        Assert.Equal("10.55.0.2 fd55::2", Addresses(machine, "web", "web"));
        machine.Run("rm", "-f", "web").Succeeded();
    }

    private static string Run(Machine machine, string name, params string[] flags) =>
        machine.Run(["run", "-d", "--name", name, .. flags, machine.Busybox, "sleep", "1000"]).Succeeded().Text;

    private static void UnderResolvConf(Machine machine, string resolv, params string[] arguments) =>
        Tool.Try([
                "unshare",
                "--mount",
                "sh",
                "-c",
                $"mount --bind {resolv} /etc/resolv.conf; exec \"$@\"",
                "sh",
                .. machine.CommandLine(arguments),
            ])
            .Succeeded();

    private static string Lookup(Machine machine, string container, string name) => machine.Run("exec", container, "nslookup", name).Output;

    /// <summary>The addresses of a name as a container sees them, sorted; empty when there is no such name.</summary>
    private static string Addresses(Machine machine, string container, string name)
    {
        string[] lines = Lookup(machine, container, name).Split('\n');
        return string.Join(
            ' ',
            lines
                .SkipWhile(static l => !l.StartsWith("Name:", StringComparison.Ordinal))
                .Where(static l => l.StartsWith("Address", StringComparison.Ordinal))
                .Select(static l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[^1])
                .Distinct()
                .Order(StringComparer.Ordinal)
        );
    }
}
