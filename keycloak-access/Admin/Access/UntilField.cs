using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>The field of a form that says until when a membership lasts, by the reader's clock; left empty, for good.</summary>
internal static class UntilField
{
    public const string Name = "until";

    public static string Hint(TimeZoneInfo zone) => $"By the clock of {zone.Id}. Left empty, it stays until somebody removes it.";

    /// <summary>Adds to the form what is wrong with it.</summary>
    public static DateTimeOffset? Read(FormInput input, PageContext page)
    {
        var text = input.Value(Name);
        var until = text.Length == 0 ? null : LocalTimes.Read(text, page.Zone);
        if (text.Length > 0 && until is null)
        {
            input.Add(Name, "The end must be a date and time that a clock there shows.");
        }

        return until;
    }

    /// <summary>With a space before it; empty for good.</summary>
    public static string Describe(DateTimeOffset? until) => until is { } end ? $" until {DirectGroup.Describe(end)}" : "";
}
