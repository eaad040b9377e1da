using Api.Permissions;

namespace Api.Admin;

/// <summary>Whoever looks at a page, as far as pages need to know: what they may not do is not shown.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Name">How the page addresses them.</param>
/// <param name="Permissions">What they may do. The server decides again on every post.</param>
public sealed record Viewer(Guid AccountId, string Name, IReadOnlySet<string> Permissions)
{
    /// <returns>Whether the viewer holds <c>model:action</c>.</returns>
    public bool May(string model, string action) => Permissions.Contains($"{model}:{action}");

    internal static Viewer Of(Caller caller) => new(
        caller.AccountId,
        caller.Identity.Name ?? caller.Identity.Username ?? caller.Identity.Subject,
        caller.Permissions.Select(permission => permission.ToString()).ToHashSet(StringComparer.Ordinal));
}
