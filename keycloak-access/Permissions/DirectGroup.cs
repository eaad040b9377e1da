using System.Globalization;
using System.Runtime.InteropServices;

namespace KeycloakAccess.Permissions;

/// <summary>A group that an account was put into directly, for good or until an instant.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DirectGroup(Guid Id, DateTimeOffset? Until = null)
{
    /// <summary>Of a query of <c>group_members m</c> with <c>@now</c>: those that have not ended.</summary>
    public const string IsOpen = "(m.ends_at IS NULL OR m.ends_at > @now)";

    public static string Describe(DateTimeOffset until) =>
        until.UtcDateTime.ToString("d MMMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
