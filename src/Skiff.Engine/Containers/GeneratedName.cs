using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>Names for containers that were given none: a quality and a boat or a part of one.</summary>
public static class GeneratedName
{
    private const string Qualities =
        "able airy amber ample azure balmy blithe bold brave breezy bright brisk calm candid civil clever coastal cool coral cosy crisp dapper daring dashing deft eager early "
        + "easy elder fair fast festive fine fleet fond frank fresh gallant gentle glad golden grand hardy hearty humble jaunty jolly keen kind light lively loyal lucid lucky "
        + "mellow merry mild modest neat nimble noble northern patient placid plucky polite proud quick quiet rapid ready roving rugged sage salty serene sharp silent silver "
        + "sleek smooth snug solid southern spry stable steady still stout sturdy sunny sure swift tidal tidy trim trusty upright valiant vivid warm western wise witty";

    private const string Boats =
        "anchor ballast barge bark beacon berth bilge boom bosun bow bowsprit brig brine buoy cabin canoe capstan caravel catboat cleat clipper cockle coracle cutter davit "
        + "deck dhow dinghy dory ensign felucca ferry fender frigate gaff galleon galley gangway gig gunwale halyard harbour hatch helm hull jetty jib kayak keel ketch knot "
        + "lagoon lantern launch lighter locker lugger mast mizzen mooring oar painter pennant pilot pinnace pontoon port prow punt quay raft reef rigging rudder sail sampan "
        + "schooner scow scull sextant shallop sheet shoal sloop spar spinnaker starboard stern tackle tender thwart tiller topsail trawler trimaran tug wake wherry yacht yawl";

    /// <summary>A random name; from the second attempt on with a number, so that a store with many containers still finds one.</summary>
    public static string Next(int attempt)
    {
        Span<byte> random = stackalloc byte[6];
        RandomBytes.Fill(random);
        string name = $"{Pick(Qualities, random[0] | (random[1] << 8))}_{Pick(Boats, random[2] | (random[3] << 8))}";
        return attempt == 0 ? name : $"{name}{((random[4] | (random[5] << 8)) % (attempt < 8 ? 10 : 10000)) + 1}";
    }

    private static string Pick(string words, int random)
    {
        int at = random % words.Length;
        int start = words.LastIndexOf(' ', at) + 1;
        int end = words.IndexOf(' ', start);
        return end < 0 ? words[start..] : words[start..end];
    }
}
