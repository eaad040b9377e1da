using KeycloakAccess.Data;

namespace KeycloakAccess.Commands;

/// <summary>The machine that a verb runs on: whoever is logged in there is who does what the verb does.</summary>
internal static class Host
{
    public static Actor Actor(string? reason = null)
    {
        var user = Environment.UserName is { Length: > 0 } name ? name : "somebody";
        return new Actor(AccountId: null, $"{user}@{Environment.MachineName}", Data.Actor.CommandLine, RequestId: null).Because(reason);
    }
}
