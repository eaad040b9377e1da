using System.Globalization;

namespace KeycloakAccess.Admin.Forms;

/// <summary>Numbers with the word that they count.</summary>
internal static class Plural
{
    public static string Of(long number, string one, string? many = null) => $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
