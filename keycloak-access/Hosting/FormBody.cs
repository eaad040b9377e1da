namespace KeycloakAccess.Hosting;

/// <summary>Forms that are read by hand, where no parameter of an endpoint binds them.</summary>
internal static class FormBody
{
    /// <returns>The form; <see langword="null"/> if the body is none, or one that cannot be read: without a boundary, or with too many fields.</returns>
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
