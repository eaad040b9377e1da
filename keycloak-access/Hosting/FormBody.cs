namespace KeycloakAccess.Hosting;

/// <summary>Reads forms that no parameter of an endpoint binds.</summary>
internal static class FormBody
{
    /// <returns><see langword="null"/> if the body is no form, lacks its boundary or has too many fields.</returns>
    public static async Task<IFormCollection?> TryReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasFormContentType)
        {
            return null;
        }

        try
        {
            return await request.ReadFormAsync(cancellationToken);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
