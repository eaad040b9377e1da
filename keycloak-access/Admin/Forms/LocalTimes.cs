using System.Globalization;

namespace KeycloakAccess.Admin.Forms;

/// <summary>Instants as a field of a form has them: the reader's wall clock, without a zone.</summary>
internal static class LocalTimes
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];

    public static string Write(DateTimeOffset at, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(at, zone).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The instant, or <see langword="null"/> if the text is none: no clock shows the hour that a summer begins with.</summary>
    public static DateTimeOffset? Read(string text, TimeZoneInfo zone) =>
        DateTime.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
        && !zone.IsInvalidTime(local)
        // At both ends of the calendar another zone's clock shows no date any more.
        && local.Ticks - zone.GetUtcOffset(local).Ticks is >= 0 and var ticks
        && ticks <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : null;
}
